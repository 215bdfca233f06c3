"""`make test-capacity`: a limit on each stage of a running pipeline, found and named; outside the suite."""
