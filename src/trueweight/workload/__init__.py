"""A team's own log as a workload: read, made private, reduced to a sample that keeps the mix, and graded.

The way of a line: `trueweight.suites.importers.logs` reads it as a chat-completions request with the answer that was
recorded, `personal` replaces personal data, `tasks` finds the kind of work, `sample` draws, `propose` chooses a grader
for each task, `build` makes the folder that ``trueweight run`` takes as a suite.
"""
