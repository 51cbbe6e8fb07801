"""An operator of our own: how often which word stands in a file."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

from msgspec import Meta

from studio import Operator


class WordCount(Operator):
    """Counts the words of a file and returns the commonest, with their numbers."""

    path: Annotated[str, Meta(description="the file, relative to the directory of the DAG's file")]
    most: Annotated[int, Meta(description="how many words", gt=0)] = 10

    def run(self, attempt):
        words = (attempt.dag_directory / self.path).read_text().lower().split()
        counted = dict(Counter(words).most_common(self.most))
        with attempt.cell(f"the commonest words of {self.path}") as cell:
            cell.write(f"{len(words)} words\n")
            cell.show(counted)
        return counted
