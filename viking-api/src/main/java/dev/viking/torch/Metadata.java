package dev.viking.torch;

import dev.viking.bindings.viking_native_h;
import dev.viking.bindings.vk_tensor_meta;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What a tensor is, read once from the native side. Immutable, so that threads may pass it on
 * without care.
 *
 * @param type code of the element type
 * @param deviceType code of the device's kind
 * @param deviceIndex index of the device
 * @param sizes one size for each dimension; never changed
 * @param strides steps in elements; never changed
 * @param numel number of elements
 * @param contiguous whether the elements lie row-major without gaps
 * @param wrapped whether the tensor was made inside a transform
 */
@SuppressWarnings("ArrayRecordComponent") // not exposed, and compared by nobody
record Metadata(
    int type,
    int deviceType,
    int deviceIndex,
    long[] sizes,
    long[] strides,
    long numel,
    boolean contiguous,
    boolean wrapped) {

  private static final long MAX_DIMS = viking_native_h.VK_MAX_DIMS();

  static Metadata read(MemorySegment tensor, Invoker invoker) {
    MemorySegment meta = invoker.struct();
    MemorySegment sizes = invoker.lists().asSlice(0, 8 * MAX_DIMS);
    MemorySegment strides = invoker.lists().asSlice(8 * MAX_DIMS, 8 * MAX_DIMS);
    Status.check(
        viking_native_h.vk_tensor_describe(
            tensor, meta, sizes, strides, MAX_DIMS, invoker.error(), Invoker.ERROR_BYTES),
        "Tensor metadata",
        invoker.error());
    int ndim = vk_tensor_meta.ndim(meta);
    return new Metadata(
        vk_tensor_meta.dtype(meta),
        vk_tensor_meta.device_type(meta),
        vk_tensor_meta.device_index(meta),
        sizes.asSlice(0, 8L * ndim).toArray(ValueLayout.JAVA_LONG),
        strides.asSlice(0, 8L * ndim).toArray(ValueLayout.JAVA_LONG),
        vk_tensor_meta.numel(meta),
        vk_tensor_meta.is_contiguous(meta) != 0,
        vk_tensor_meta.is_wrapped(meta) != 0);
  }
}
