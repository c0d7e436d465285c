// Operators written anew from others whose rules are right under every transform; see NOTE [Guards].
//
// Each takes the operator's arguments off the stack and pushes its results, or returns false with the stack untouched
// where the operator itself is right for these arguments.
#pragma once

#include <ATen/core/stack.h>

namespace viking {

bool replace_layer_norm(torch::jit::Stack& stack);
bool replace_native_layer_norm(torch::jit::Stack& stack);
bool replace_batch_norm(torch::jit::Stack& stack);
bool replace_native_batch_norm(torch::jit::Stack& stack);
bool replace_batch_norm_evaluation(torch::jit::Stack& stack);
bool replace_instance_norm(torch::jit::Stack& stack);
bool replace_cdist(torch::jit::Stack& stack);
bool replace_index_fill(torch::jit::Stack& stack);
bool replace_logcumsumexp(torch::jit::Stack& stack);
bool replace_narrow(torch::jit::Stack& stack);
bool replace_select_scatter(torch::jit::Stack& stack);
bool replace_roll(torch::jit::Stack& stack);
bool replace_embedding(torch::jit::Stack& stack);
bool replace_as_strided(torch::jit::Stack& stack);
bool replace_as_strided_scatter(torch::jit::Stack& stack);
bool replace_max_unpool2d(torch::jit::Stack& stack);
bool replace_max_unpool3d(torch::jit::Stack& stack);
bool replace_scaled_dot_product_attention(torch::jit::Stack& stack);
bool replace_weight_norm(torch::jit::Stack& stack);

}  // namespace viking
