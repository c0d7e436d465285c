package dev.viking.data;

import java.util.List;

/**
 * The content of one IDX file of unsigned bytes.
 *
 * @param shape sizes, the slowest first
 * @param data the elements in row-major order; not a copy, treat it as read-only
 */
@SuppressWarnings("ArrayRecordComponent") // a plain carrier between reader and image set
record IdxArray(List<Integer> shape, byte[] data) {}
