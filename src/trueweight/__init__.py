"""trueweight: is it really the model you pay for?"""

__version__ = "0.1.0"
