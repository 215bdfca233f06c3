"""What is written: sales orders, or a workload of your own."""
