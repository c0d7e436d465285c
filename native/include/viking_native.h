/*
 * viking_native.h - libtorch and its functorch transforms behind a C ABI.
 *
 * NOTE [Conventions]
 *
 * Status. Every function that can fail returns a vk_status (0 is success) and, on failure, writes a
 * NUL-terminated UTF-8 message into the caller's buffer `error` of `error_capacity` bytes, in the same
 * call; the message is cut when the buffer is short, and a null buffer is allowed. There is no
 * thread-local last error, so callers whose thread changes between two calls (virtual threads) are safe.
 * No C++ exception leaves any function. Output arguments are written only on success, unless said
 * otherwise.
 *
 * Ownership. A vk_tensor, vk_pullback, vk_generator, vk_predictor or vk_module returned through an output argument
 * belongs to the caller, who releases it exactly once with the matching release function. Arguments are borrowed for
 * the duration of the call. A handle is one reference; several handles may share one storage.
 *
 * Threads. Every function may be called from any thread at any time. One handle may be read by many
 * threads at once; releasing a handle while another thread uses it is the caller's error.
 *
 * Escape. A tensor made inside a transform's function is valid until that function returns, on that
 * thread. Using it later, or on another thread, is answered with VK_ERR_ESCAPED.
 */
#ifndef VIKING_NATIVE_H
#define VIKING_NATIVE_H

#include <stdint.h>

#if defined(_WIN32)
#define VK_API __declspec(dllexport)
#else
#define VK_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised whenever a function, a struct or the meaning of either changes. */
enum vk_constants {
  VK_ABI_VERSION = 4,
  /* Most outputs that a transform's function may emit. */
  VK_MAX_OUTPUTS = 1024,
  /* Most dimensions that a tensor passed through this interface may have. */
  VK_MAX_DIMS = 64
};

/* vk_status: what a function returns. */
enum vk_status {
  VK_OK = 0,
  VK_ERR_ARGUMENT = 1,      /* an argument of the call itself is wrong; nothing was run */
  VK_ERR_TORCH = 2,         /* libtorch refused the operation for another reason than those below */
  VK_ERR_CALLBACK = 3,      /* the transformed function reported failure */
  VK_ERR_OUT_OF_MEMORY = 4, /* the device or the host has no memory left; the process goes on */
  VK_ERR_CLOSED = 5,        /* a null or released handle */
  VK_ERR_ESCAPED = 6,       /* a tensor or pullback used outside the transform it was made in */
  VK_ERR_UNSUPPORTED = 7,   /* the operator is refused here because its result would be wrong */
  VK_ERR_INTERNAL = 8,      /* a defect of this library or of libtorch */
  VK_ERR_REROUTE = 9,       /* see NOTE [Reroute]; pass it on by returning it from the function */
  VK_ERR_CAPACITY = 10,     /* the caller's array is too short; the needed count was written */
  VK_ERR_UNKNOWN_OPERATOR = 11,
  VK_ERR_SHAPE = 12,           /* libtorch: sizes or dimensions do not fit */
  VK_ERR_DTYPE = 13,           /* libtorch: dtypes do not fit */
  VK_ERR_DEVICE = 14,          /* libtorch: devices do not fit, or the device is not there */
  VK_ERR_INDEX = 15,           /* libtorch: index out of range */
  VK_ERR_NOT_IMPLEMENTED = 16, /* libtorch: no kernel or derivative for this operator */
  VK_ERR_LINALG = 17,          /* libtorch: a factorisation failed (singular, not positive definite, ...) */
  VK_ERR_MODULE = 18           /* a file is missing, damaged, or no TorchScript archive */
};

/* vk_dtype: element types; the values are libtorch's ScalarType codes. */
enum vk_dtype {
  VK_UINT8 = 0,
  VK_INT8 = 1,
  VK_INT16 = 2,
  VK_INT32 = 3,
  VK_INT64 = 4,
  VK_FLOAT16 = 5,
  VK_FLOAT32 = 6,
  VK_FLOAT64 = 7,
  VK_COMPLEX64 = 9,
  VK_COMPLEX128 = 10,
  VK_BOOL = 11,
  VK_BFLOAT16 = 15
};

/* vk_device_type: the values are libtorch's DeviceType codes. */
enum vk_device_type { VK_CPU = 0, VK_CUDA = 1 };

/* vk_value_kind: what a vk_value holds, and which member of `as` is read. */
enum vk_value_kind {
  VK_NONE = 0,
  VK_TENSOR = 1,        /* p: vk_tensor */
  VK_TENSOR_LIST = 2,   /* p: const vk_tensor[count]; a null entry only where the schema has Tensor?[] */
  VK_INT = 3,           /* i */
  VK_DOUBLE = 4,        /* d */
  VK_BOOL_VALUE = 5,    /* i: 0 or 1 */
  VK_INT_LIST = 6,      /* p: const int64_t[count] */
  VK_DOUBLE_LIST = 7,   /* p: const double[count] */
  VK_BOOL_LIST = 8,     /* p: const uint8_t[count] */
  VK_STRING = 9,        /* p: const char[count], UTF-8, no NUL needed */
  VK_DTYPE_VALUE = 10,  /* i: vk_dtype */
  VK_DEVICE_VALUE = 11, /* i: vk_device_type in the low 32 bits, index (-1: current) in the high 32 */
  VK_GENERATOR = 12     /* p: vk_generator */
};

/* vk_randomness: what a random operator does under vmap. */
enum vk_randomness { VK_RANDOMNESS_ERROR = 0, VK_RANDOMNESS_SAME = 1, VK_RANDOMNESS_DIFFERENT = 2 };

/* vk_hvp_mode: how vk_hvp composes the two derivatives. */
enum vk_hvp_mode { VK_HVP_REVERSE_OVER_REVERSE = 0, VK_HVP_FORWARD_OVER_REVERSE = 1 };

/* vk_create_graph: whether vk_grad records the backward pass for an enclosing derivative. */
enum vk_create_graph {
  VK_GRAPH_AUTO = -1, /* only where an enclosing derivative can see it */
  VK_GRAPH_NEVER = 0, /* the gradients are constants for every enclosing derivative */
  VK_GRAPH_ALWAYS = 1
};

/* A tensor: one reference to one libtorch tensor. */
typedef struct vk_tensor_s *vk_tensor;
/* An operator of libtorch's dispatcher. Looked up once, valid for the life of the process, never released. */
typedef struct vk_op_s *vk_op;
/* The linear map v -> J(x)^T v of one evaluation. */
typedef struct vk_pullback_s *vk_pullback;
/* A random number generator with its own state. */
typedef struct vk_generator_s *vk_generator;
/* A TorchScript module, loaded as a pure function of its parameters. */
typedef struct vk_module_s *vk_module;

/* One argument or result of an operator. `reserved` is 0. */
typedef struct vk_value {
  int32_t kind; /* vk_value_kind */
  int32_t reserved;
  int64_t count; /* elements of a list or bytes of a string, else 0 */
  union {
    int64_t i;
    double d;
    const void *p;
  } as;
} vk_value;

/* Metadata of a tensor. */
typedef struct vk_tensor_meta {
  int32_t dtype;        /* vk_dtype, or another ScalarType code of libtorch */
  int32_t device_type;  /* vk_device_type */
  int32_t device_index; /* -1 for the CPU */
  int32_t ndim;
  int64_t numel;
  int64_t element_size; /* bytes */
  int32_t is_contiguous;
  int32_t is_wrapped; /* 1: made inside a transform and valid only there */
} vk_tensor_meta;

/* What this library's handles hold on one device. */
typedef struct vk_live_counts {
  int64_t handles; /* tensors, and (on the CPU entry) pullbacks, generators, predictors and modules */
  int64_t bytes;   /* elements times element size, summed over the tensor handles */
} vk_live_counts;

/* Memory of one device, in bytes; what libtorch cannot tell (the allocator's figures on the CPU) is 0. */
typedef struct vk_device_memory {
  int64_t free_bytes;
  int64_t total_bytes;
  int64_t allocated_bytes;
  int64_t reserved_bytes;
  int64_t peak_allocated_bytes;
} vk_device_memory;

/*
 * A function to transform. Called on the thread that called the transform, before the transform returns.
 *
 * inputs   num_inputs handles, borrowed: valid until the function returns.
 * outputs  room for VK_MAX_OUTPUTS handles. Each handle stored there is given away to the caller (retain a
 *          borrowed input with vk_tensor_retain before storing it).
 * Returns VK_OK, VK_ERR_REROUTE when an operator call returned that, or any other status for failure (outputs
 * already stored are then ignored and stay the function's). It must not throw across this boundary.
 */
typedef int32_t (*vk_function)(int64_t context, const vk_tensor *inputs, int64_t num_inputs, vk_tensor *outputs,
                               int64_t *num_outputs);

/* ---- version, threads, devices -------------------------------------------------------------------------- */

/* VK_ABI_VERSION of the library that was loaded. Cannot fail. */
VK_API int32_t vk_abi_version(void);

/*
 * Checks that the caller's `abi_version` is this library's, and that the libtorch found at run time has the
 * major and minor version this library was compiled against. VK_ERR_ARGUMENT with a message naming both sides.
 * Call it once after loading, before anything else.
 */
VK_API int32_t vk_handshake(int32_t abi_version, char *error, int64_t error_capacity);

/*
 * Describes the build as lines of "key=value": abi, compiled_torch, runtime_torch, cuda (yes or no), compiler.
 * Writes at most `capacity` bytes with a NUL and the needed bytes to *needed; VK_ERR_CAPACITY when short.
 */
VK_API int32_t vk_build_info(char *buffer, int64_t capacity, int64_t *needed, char *error, int64_t error_capacity);

/* Sets libtorch's intra-op thread count for the calling process (>= 1). */
VK_API int32_t vk_set_num_threads(int32_t threads, char *error, int64_t error_capacity);

/* libtorch's intra-op thread count. Cannot fail. */
VK_API int32_t vk_get_num_threads(void);

/* Allows (1) or forbids (0) TF32 in cuBLAS and cuDNN. Forbidden until called: projections need full float32. */
VK_API int32_t vk_set_allow_tf32(int32_t allow, char *error, int64_t error_capacity);

/* Number of devices of the type: 1 for the CPU, 0 where a type is missing. Cannot fail. */
VK_API int32_t vk_device_count(int32_t device_type);

/* Waits until all work queued on the device is done. Does nothing for the CPU. */
VK_API int32_t vk_device_synchronize(int32_t device_type, int32_t device_index, char *error, int64_t error_capacity);

/* Memory of the device. On the CPU free and total are the machine's. */
VK_API int32_t vk_device_get_memory(int32_t device_type, int32_t device_index, vk_device_memory *memory, char *error,
                                    int64_t error_capacity);

/* Gives the cached, unused memory of every device of the type back to the driver. Does nothing for the CPU. */
VK_API int32_t vk_device_empty_cache(int32_t device_type, char *error, int64_t error_capacity);

/*
 * Limits what the caching allocator of a CUDA device may reserve, as a fraction (0, 1] of the device's memory.
 * VK_ERR_UNSUPPORTED for the CPU or in a build without CUDA.
 */
VK_API int32_t vk_device_set_memory_fraction(int32_t device_type, int32_t device_index, double fraction, char *error,
                                             int64_t error_capacity);

/*
 * Live handles and bytes of a device (index -1: all devices of the type). Handles made inside a transform count
 * on the device of the tensor they wrap. Cannot fail; unknown devices have zeros.
 */
VK_API void vk_live(int32_t device_type, int32_t device_index, vk_live_counts *counts);

/* ---- tensors ---------------------------------------------------------------------------------------------- */

/*
 * A new tensor with a copy of `data`: row-major, `num_bytes` = product(sizes) * element size, host memory.
 * `data` may be null when num_bytes is 0.
 */
VK_API int32_t vk_tensor_from_data(const void *data, int64_t num_bytes, int32_t dtype, const int64_t *sizes,
                                   int64_t ndim, int32_t device_type, int32_t device_index, vk_tensor *tensor,
                                   char *error, int64_t error_capacity);

/*
 * A tensor over the caller's host memory, without a copy. The memory must stay valid until `keep_alive` is
 * reported by vk_keep_alive_drain, which happens when the last tensor that shares the storage (views included)
 * is gone. `data` must be aligned to the element size.
 */
VK_API int32_t vk_tensor_from_blob(void *data, int64_t num_bytes, int32_t dtype, const int64_t *sizes, int64_t ndim,
                                   int64_t keep_alive, vk_tensor *tensor, char *error, int64_t error_capacity);

/*
 * Moves up to `capacity` identifiers of host memory no longer used by any tensor into `identifiers`; returns how
 * many. Never calls back: libtorch may drop a storage on any thread. Cannot fail.
 */
VK_API int64_t vk_keep_alive_drain(int64_t *identifiers, int64_t capacity);

/* Another handle to the same tensor. */
VK_API int32_t vk_tensor_retain(vk_tensor tensor, vk_tensor *handle, char *error, int64_t error_capacity);

/* Releases `count` handles; null entries are passed over. Cannot fail. */
VK_API void vk_tensor_release(const vk_tensor *tensors, int64_t count);

/*
 * Metadata; sizes and strides (elements) are written for the first `capacity` dimensions (either may be null).
 * Inside vmap they are those of one example.
 */
VK_API int32_t vk_tensor_describe(vk_tensor tensor, vk_tensor_meta *meta, int64_t *sizes, int64_t *strides,
                                  int64_t capacity, char *error, int64_t error_capacity);

/* Copies the elements, row-major, to host memory; `num_bytes` must be numel * element size. Waits for the device. */
VK_API int32_t vk_tensor_read(vk_tensor tensor, void *data, int64_t num_bytes, char *error, int64_t error_capacity);

/*
 * Address of the elements of a contiguous CPU tensor outside any transform; valid while a handle to the tensor
 * lives. VK_ERR_ARGUMENT for others.
 */
VK_API int32_t vk_tensor_data(vk_tensor tensor, void **data, char *error, int64_t error_capacity);

/*
 * Converts: dtype -1, device_type -1 keep what there is. copy 1 forces a new tensor. Differentiable.
 */
VK_API int32_t vk_tensor_to(vk_tensor tensor, int32_t dtype, int32_t device_type, int32_t device_index,
                            int32_t non_blocking, int32_t copy, vk_tensor *result, char *error, int64_t error_capacity);

/* ---- operators -------------------------------------------------------------------------------------------- */

/*
 * The operator with this schema name ("aten::add") and overload ("Tensor", "" for the default).
 * VK_ERR_UNKNOWN_OPERATOR with the overloads there are.
 */
VK_API int32_t vk_op_find(const char *name, const char *overload, vk_op *op, char *error, int64_t error_capacity);

/* The operator's schema as text. As vk_build_info for buffer, capacity and needed. */
VK_API int32_t vk_op_schema(vk_op op, char *buffer, int64_t capacity, int64_t *needed, char *error,
                            int64_t error_capacity);

/*
 * Calls an operator. One vk_value for each argument of the schema, in schema order, keyword-only ones included;
 * trailing arguments left out take their defaults. Integers are accepted for floating arguments, and tensors,
 * numbers and lists are checked against the schema before anything runs. Results: one vk_value for each result,
 * a list of tensors spread over one value for each element; an undefined tensor is VK_NONE. VK_ERR_CAPACITY
 * when `capacity` is too small (the results are dropped).
 */
VK_API int32_t vk_op_call(vk_op op, const vk_value *arguments, int64_t num_arguments, vk_value *results,
                          int64_t capacity, int64_t *num_results, char *error, int64_t error_capacity);

/*
 * The table of operators guarded under transforms, one line each: name, condition, action, reason, separated by
 * tabs. As vk_build_info for buffer, capacity and needed. See NOTE [Guards] in src/guards.h.
 */
VK_API int32_t vk_op_guards(char *buffer, int64_t capacity, int64_t *needed, char *error, int64_t error_capacity);

/* ---- transforms ------------------------------------------------------------------------------------------- */

/*
 * NOTE [Reroute]
 * Forward mode has no rule for some operators, and for some its rule is wrong once it is itself differentiated
 * (saved factorisations and statistics carry no derivative upstream). When such an operator is met inside vk_jvp,
 * vk_op_call returns VK_ERR_REROUTE; the function returns it, and vk_jvp evaluates the function once more,
 * taking the same product from two reverse passes. A function must therefore be free of side effects that may
 * not happen twice.
 */

/*
 * Jacobian-vector product (forward mode): f(primals) and J(primals) tangents. `primals` and `tangents` have the
 * same sizes, dtype and device pairwise. Writes *num_outputs outputs and as many output tangents.
 */
VK_API int32_t vk_jvp(vk_function function, int64_t context, const vk_tensor *primals, const vk_tensor *tangents,
                      int64_t num_primals, vk_tensor *outputs, vk_tensor *output_tangents, int64_t capacity,
                      int64_t *num_outputs, char *error, int64_t error_capacity);

/*
 * Vector-Jacobian product (reverse mode): f(primals), and its pullback for any number of cotangents. The
 * pullback holds the saved intermediates until released; inside another transform it is valid there only.
 */
VK_API int32_t vk_vjp(vk_function function, int64_t context, const vk_tensor *primals, int64_t num_primals,
                      vk_tensor *outputs, int64_t capacity, int64_t *num_outputs, vk_pullback *pullback, char *error,
                      int64_t error_capacity);

/*
 * Pulls cotangents (one for each output, of its sizes, dtype and device; a null entry is zero) back to one gradient
 * for each primal: zeros where an output does not depend on it. May be called many times, from several threads at
 * once, and inside vmap.
 */
VK_API int32_t vk_pullback_apply(vk_pullback pullback, const vk_tensor *cotangents, int64_t num_cotangents,
                                 vk_tensor *gradients, int64_t num_primals, char *error, int64_t error_capacity);

/* Releases a pullback (null: nothing happens). Cannot fail. */
VK_API void vk_pullback_release(vk_pullback pullback);

/*
 * Value and gradient of a function whose first output is a scalar (one element, floating); further outputs are
 * auxiliary and returned as they are. Writes *num_outputs outputs and num_primals gradients.
 */
VK_API int32_t vk_grad(vk_function function, int64_t context, const vk_tensor *primals, int64_t num_primals,
                       int32_t create_graph, vk_tensor *outputs, int64_t capacity, int64_t *num_outputs,
                       vk_tensor *gradients, char *error, int64_t error_capacity);

/*
 * Vectorising map. in_dims[i] is the batched dimension of inputs[i] (negative counts from the end) or
 * INT64_MIN when all examples share it; at least one input is batched and all batched sizes agree. out_dims has
 * one entry for each output, or a single entry for all. chunk_size > 0 runs that many examples at a time (0: all
 * at once). randomness: vk_randomness.
 */
VK_API int32_t vk_vmap(vk_function function, int64_t context, const vk_tensor *inputs, const int64_t *in_dims,
                       int64_t num_inputs, const int64_t *out_dims, int64_t num_out_dims, int64_t chunk_size,
                       int32_t randomness, vk_tensor *outputs, int64_t capacity, int64_t *num_outputs, char *error,
                       int64_t error_capacity);

/*
 * Jacobians in reverse mode, rows in batches of chunk_size (0: all at once): jacobians[o * num_primals + p] is
 * the derivative of output o by primal p, of sizes outputs[o] + primals[p]. `capacity` counts outputs;
 * `jacobians` has room for capacity * num_primals.
 */
VK_API int32_t vk_jacrev(vk_function function, int64_t context, const vk_tensor *primals, int64_t num_primals,
                         int64_t chunk_size, vk_tensor *outputs, vk_tensor *jacobians, int64_t capacity,
                         int64_t *num_outputs, char *error, int64_t error_capacity);

/* Jacobians in forward mode, columns in batches of chunk_size; otherwise as vk_jacrev. */
VK_API int32_t vk_jacfwd(vk_function function, int64_t context, const vk_tensor *primals, int64_t num_primals,
                         int64_t chunk_size, vk_tensor *outputs, vk_tensor *jacobians, int64_t capacity,
                         int64_t *num_outputs, char *error, int64_t error_capacity);

/*
 * Hessian-vector product of a function with one scalar output: the value, its gradient, and the Hessian (over all
 * primals together) times `vectors`; num_primals gradients and products. mode: vk_hvp_mode.
 */
VK_API int32_t vk_hvp(vk_function function, int64_t context, const vk_tensor *primals, const vk_tensor *vectors,
                      int64_t num_primals, int32_t mode, vk_tensor *value, vk_tensor *gradients, vk_tensor *products,
                      char *error, int64_t error_capacity);

/* Number of transforms around the caller on this thread (0 outside any). Cannot fail. */
VK_API int32_t vk_transform_depth(void);

/* ---- compiled predictors ---------------------------------------------------------------------------------- */

/* vk_layer_kind: what a layer of a compiled predictor does. */
enum vk_layer_kind {
  VK_LAYER_LINEAR = 1,
  VK_LAYER_CONV2D = 2,
  VK_LAYER_MAX_POOL2D = 3,
  VK_LAYER_AVG_POOL2D = 4,
  VK_LAYER_FLATTEN = 5,
  VK_LAYER_TANH = 6,
  VK_LAYER_RELU = 7,
  VK_LAYER_GELU_TANH = 8,
  VK_LAYER_SILU = 9,
  VK_LAYER_BLOCK = 10,    /* begins a residual block: the layers of its body follow */
  VK_LAYER_SHORTCUT = 11, /* ends the body: the layers of the shortcut follow, from the block's input; maybe none */
  VK_LAYER_SUM = 12,      /* ends the block: the sum of body and shortcut, which have the same shape */
  VK_LAYER_MEAN2D = 13,   /* the mean over each channel, a vector */
  VK_LAYER_NORM = 14,     /* groups of channels (or a vector) less their mean, over their deviation */
  VK_LAYER_RMS_NORM = 15  /* the same without the mean */
};

/* vk_link: how outputs become probabilities. */
enum vk_link {
  VK_LINK_IDENTITY = 0, /* regression: no probabilities */
  VK_LINK_SOFTMAX = 1,  /* one distribution over the outputs */
  VK_LINK_SIGMOID = 2   /* each output the logit of an independent event */
};

/* A network with one set of weights for each sample, repacked. */
typedef struct vk_predictor_s *vk_predictor;

/*
 * One layer. Sizes that the kind does not have, and `reserved`, are 0. Norms have the number of their groups as
 * `kernel` (1 for a vector), and as `stride` where among the parameters the number is that is added to the variance:
 * the first sample's, or the mean's. Their weight and bias are [channels], or [features] of a vector.
 */
typedef struct vk_layer {
  int32_t kind; /* vk_layer_kind */
  int32_t reserved;
  int64_t outputs; /* units or channels */
  int64_t kernel;  /* height and width of windows */
  int64_t stride;
  int64_t padding; /* zeros at each side; convolutions only */
  int64_t weight;  /* where the layer's weight, [outputs, inputs(, kernel, kernel)], starts in the flat parameters */
  int64_t bias;    /* the same for its bias, [outputs]; -1 for a layer without one */
} vk_layer;

/* What a prediction for N inputs is written to, row-major float32. A null pointer: not wanted. */
typedef struct vk_prediction {
  float *mean;          /* [N, C] mean of the outputs over the samples (linearised: the outputs at the mean) */
  float *variance;      /* [N, C] their variance, divisor S - 1, 0 for one sample (linearised: S, about the mean) */
  float *probabilities; /* [N, C] mean of the samples' probabilities; needs a link */
  float *entropy;       /* [N] entropy of that mean, in nats; needs a link */
  float *mutual_information; /* [N] entropy less the mean of the samples' entropies; needs a link */
  float *outputs;            /* [S, N, C] the outputs themselves */
} vk_prediction;

/*
 * Compiles a network. `parameters` is [samples, dimension], float32, row-major host memory, copied. The first layer
 * takes examples of input_sizes ([features] or [channels, height, width]); the last gives a vector. `threads` >= 1
 * threads work at one prediction: the caller's and threads - 1 of the predictor's own, which are bound to the CPUs
 * listed in `cpus` (num_cpus 0: unbound) and watch for work for spin_microseconds before they sleep.
 * VK_ERR_UNSUPPORTED for a layer kind that is not known.
 *
 * mean  null, or [dimension], float32, copied: then the parameters are deviations d_s from it, and sample s predicts
 *       f(mean, x) + J d_s, J the derivative of the network in its parameters at the mean. The `mean` of a prediction
 *       is then f(mean, x) itself, and its variance the mean of (J d_s)^2, since deviations have mean zero.
 */
VK_API int32_t vk_predictor_compile(const vk_layer *layers, int64_t num_layers, const int64_t *input_sizes,
                                    int64_t num_input_sizes, const float *parameters, int64_t samples,
                                    int64_t dimension, const float *mean, int32_t link, int32_t threads,
                                    const int32_t *cpus, int64_t num_cpus, int64_t spin_microseconds,
                                    vk_predictor *predictor, char *error, int64_t error_capacity);

/*
 * Predicts for `count` inputs, row-major float32. Any number of threads may run one predictor at once; scratch memory
 * is kept and used again, one piece for each call under way. Nothing is allocated once as many calls as now were under
 * way before.
 */
VK_API int32_t vk_predictor_run(vk_predictor predictor, const float *inputs, int64_t count,
                                const vk_prediction *prediction, char *error, int64_t error_capacity);

/* What was compiled, as lines of "key=value". As vk_build_info for buffer, capacity and needed. */
VK_API int32_t vk_predictor_describe(vk_predictor predictor, char *buffer, int64_t capacity, int64_t *needed,
                                     char *error, int64_t error_capacity);

/*
 * Releases a predictor (null: nothing happens) and ends its threads; not while a call is under way. Cannot fail. A
 * predictor counts among the CPU's live handles.
 */
VK_API void vk_predictor_release(vk_predictor predictor);

/* ---- random generators ------------------------------------------------------------------------------------ */

/* A generator of its own, seeded. A generator may be used by one thread at a time. */
VK_API int32_t vk_generator_new(int32_t device_type, int32_t device_index, int64_t seed, vk_generator *generator,
                                char *error, int64_t error_capacity);

/* Seeds the generator anew. */
VK_API int32_t vk_generator_seed(vk_generator generator, int64_t seed, char *error, int64_t error_capacity);

/* The generator's state as a CPU tensor of bytes. */
VK_API int32_t vk_generator_get_state(vk_generator generator, vk_tensor *state, char *error, int64_t error_capacity);

/* Restores a state that vk_generator_get_state returned; VK_ERR_ARGUMENT when it is not one. */
VK_API int32_t vk_generator_set_state(vk_generator generator, vk_tensor state, char *error, int64_t error_capacity);

/* Releases a generator (null: nothing happens). Cannot fail. */
VK_API void vk_generator_release(vk_generator generator);

/* ---- TorchScript modules ---------------------------------------------------------------------------------- */

/*
 * NOTE [Module]
 * A module is loaded in evaluation mode and turned into a pure function: its parameters become arguments, buffers and
 * other attributes constants. Operators that the graph changes parameters or inputs with in place work on copies. Every
 * operator goes through the dispatcher and the guards (NOTE [Guards] in src/guards.h), so the function can be called
 * inside any nesting of transforms; vk_module_call may therefore return VK_ERR_REROUTE, as vk_op_call does. What cannot
 * be a pure function is refused at loading with VK_ERR_UNSUPPORTED and the operator's line of source: training mode,
 * random operators, changes of buffers, foreign operators, files, threads. A module is a program: it can run
 * for ever, and libtorch's reader of it is not proof against every malicious file. Load what you trust.
 */

/*
 * Loads a file that torch.jit.save wrote, from a path (UTF-8). Floating tensors are converted to `dtype` (-1: kept) and
 * all tensors put on the device. VK_ERR_MODULE when the file is missing, damaged or something else;
 * VK_ERR_UNSUPPORTED when it holds what cannot be a pure function.
 */
VK_API int32_t vk_module_load(const char *path, int32_t dtype, int32_t device_type, int32_t device_index,
                              vk_module *module, char *error, int64_t error_capacity);

/* As vk_module_load, from the file's bytes, which are borrowed for the call. */
VK_API int32_t vk_module_load_bytes(const void *data, int64_t num_bytes, int32_t dtype, int32_t device_type,
                                    int32_t device_index, vk_module *module, char *error, int64_t error_capacity);

/*
 * What the module holds, one line each, fields separated by tabs: "parameter NAME DTYPE REQUIRES_GRAD SIZES" (in the
 * order of named_parameters, shared ones once, under their first name), "shared NAME FIRST_NAME", "buffer NAME DTYPE 0
 * SIZES", "input NAME HAS_DEFAULT" (arguments of forward). DTYPE is a vk_dtype, SIZES comma-separated. As vk_build_info
 * for buffer, capacity and needed.
 */
VK_API int32_t vk_module_describe(vk_module module, char *buffer, int64_t capacity, int64_t *needed, char *error,
                                  int64_t error_capacity);

/* Copies of the file's parameter values, in the order of vk_module_describe. VK_ERR_CAPACITY when too short. */
VK_API int32_t vk_module_parameters(vk_module module, vk_tensor *parameters, int64_t capacity, int64_t *num_parameters,
                                    char *error, int64_t error_capacity);

/*
 * forward(inputs) with these parameters: one for each of the module's, of its sizes, dtype and device. A null input is
 * None; trailing ones left out take their defaults. Tuples and lists of tensors in the result are spread out.
 * VK_ERR_CAPACITY when there are more outputs than `capacity` (*num_outputs is then written).
 */
VK_API int32_t vk_module_call(vk_module module, const vk_tensor *parameters, int64_t num_parameters,
                              const vk_tensor *inputs, int64_t num_inputs, vk_tensor *outputs, int64_t capacity,
                              int64_t *num_outputs, char *error, int64_t error_capacity);

/* Releases a module (null: nothing happens). Cannot fail. */
VK_API void vk_module_release(vk_module module);

#ifdef __cplusplus
}
#endif

#endif /* VIKING_NATIVE_H */
