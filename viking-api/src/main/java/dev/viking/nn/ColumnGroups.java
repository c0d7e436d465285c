package dev.viking.nn;

import java.util.Arrays;

/** The columns of a Jacobian in groups of neighbours. */
final class ColumnGroups {
  /** One past the last column of each group. */
  private final long[] ends;

  private ColumnGroups(long[] ends) {
    this.ends = ends;
  }

  /** Groups of these sizes, each at least 1. */
  static ColumnGroups ofSizes(long... sizes) {
    long[] ends = sizes.clone();
    Arrays.parallelPrefix(ends, Long::sum);
    return new ColumnGroups(ends);
  }

  /** The group that a column is in. */
  int of(long column) {
    int found = Arrays.binarySearch(ends, column);
    return found >= 0 ? found + 1 : -found - 1;
  }

  /** One past the last column of a group. */
  long end(int group) {
    return ends[group];
  }

  /** Whether some columns next to each other are all in one group. */
  boolean holdTogether(long start, long size) {
    return start + size <= end(of(start));
  }
}
