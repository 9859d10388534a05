"""The demonstration extract: the files a user would supply, about people who never lived."""

from evalkit.synthetic.demo import write_demo
from evalkit.synthetic.describe import data_readme, describe_truth

__all__ = ["data_readme", "describe_truth", "write_demo"]
