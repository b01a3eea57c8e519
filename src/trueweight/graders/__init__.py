"""Graders: is the answer right? Pure functions of (case, reply, expected) that give a score in [0, 1] and its reason.

One module per grader. The check ``graded`` names a grader in a case; ``json-equals``, ``content-matches`` and
``tool-call-matches`` use three of them. Another package adds its own under the entry points ``trueweight.graders``.
"""
