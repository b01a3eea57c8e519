"""Sends and judges on several machines: the plan is cut, Ray runs the parts, and one actor keeps the limits of all.

Import what is needed from its modules: `engine` imports Ray, which is an extra.
"""
