"""`python -m sandbox console`: the sandbox as a page in a browser, on loopback only.

    access     access control: a token, and checks of Host and Origin; the content security policy
    app        the routes of its JSON and server-sent-events API, and the server
    clients    the sandbox's AWS endpoint for the modules below
    stages     the pipeline as stages and edges, with counters, backlog and lag
    monitoring the deployed dashboard with its data, the alarms and their history
    journey    one order by its key, from the write to the query
    failures   the error prefix and the dead letters, and their replay
    queries    Athena: the saved queries, and the user's
    faults     the kinds of faults, and switching them on and off
    static     the page itself: HTML, CSS and JavaScript without a build step, and uPlot for the charts

Every value comes from the same APIs as on AWS; only the processes' counters are the sandbox's own.
"""
