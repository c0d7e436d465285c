// A TorchScript module as a pure function of its parameters.
//
// NOTE [Modules]
// libtorch runs TorchScript with an executor of its own, which specialises, differentiates and fuses graphs and keeps
// the parameters inside the module. None of that goes with functorch's wrappers, with several threads at different
// parameters, or with the guards (NOTE [Guards]). So a module is loaded once, its calls are inlined, every read of a
// parameter becomes an input of the graph, and everything else it reads becomes a constant (module_load.cpp). What is
// left is compiled to a Program (module_compile.cpp), which a small interpreter runs operator by operator through the
// dispatcher and the guards, exactly as vk_op_call does (module_run.cpp). A Program never changes, so any number of
// threads may run it. What cannot be a pure function is refused when the module is loaded, with the operator's name
// and its line of source.
#pragma once

#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>
#include <torch/csrc/jit/ir/ir.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "guards.h"

namespace viking {

// A named tensor of a module.
struct ModuleTensor {
  std::string name;
  at::Tensor value;
  bool requires_grad = false;
};

struct ModuleBlock;

enum class ModuleStep {
  kOperator,
  kIf,
  kLoop,
  kList,
  kDict,
  kTuple,
  kUnpackList,
  kUnpackTuple,
  kSliceTuple,
  kIsInstance,
  kCopy,
  kRaise
};

// One instruction; values live in numbered slots.
struct ModuleInstruction {
  ModuleStep step = ModuleStep::kOperator;
  std::vector<size_t> inputs;
  std::vector<size_t> outputs;
  std::vector<size_t> last_used;                     // slots that nothing reads after this instruction
  std::string name;                                  // operator, for messages
  std::string where;                                 // line of source, for messages
  mutable torch::jit::Operation operation{nullptr};  // a function without state, whose call operator is not const
  std::optional<OperatorGuards> guards;
  bool counts_inputs = false;              // the operation wants the number of its inputs on the stack
  std::vector<size_t> must_be_false;       // arguments that say "training"
  std::vector<size_t> must_be_zero;        // probabilities of dropout
  std::optional<size_t> input_statistics;  // instance_norm's use_input_stats, allowed without running statistics
  std::vector<c10::TypePtr> types;
  size_t begin = 0;
  size_t end = 0;
  std::vector<ModuleBlock> blocks;
};

struct ModuleBlock {
  std::vector<size_t> inputs;
  std::vector<ModuleInstruction> instructions;
  std::vector<size_t> outputs;
};

struct ModuleProgram {
  std::vector<c10::IValue> slots;    // constants in place, the others none
  std::vector<size_t> parameters;    // slot of each parameter
  std::vector<bool> copy_parameter;  // changed in place by the graph: it gets a copy
  std::vector<size_t> inputs;
  std::vector<bool> copy_input;
  std::vector<std::string> input_names;
  std::vector<std::optional<c10::IValue>> input_defaults;
  ModuleBlock body;
};

// A loaded module; immutable.
struct ModuleFunction {
  std::vector<ModuleTensor> parameters;
  std::vector<std::pair<std::string, std::string>> shared;  // another name of a parameter, and the parameter's
  std::vector<ModuleTensor> buffers;
  ModuleProgram program;
};

// A graph all of whose state has become inputs: `self` (unused), the arguments of forward, then what was lifted.
struct LiftedGraph {
  std::shared_ptr<torch::jit::Graph> graph;
  size_t arguments = 0;                   // of forward, without self
  std::vector<size_t> lifted_parameters;  // parameter index of each lifted parameter
  std::vector<torch::jit::Value*> parameter_values;
  std::vector<std::string> captured_names;
  std::vector<c10::IValue> captured;
  std::vector<torch::jit::Value*> captured_values;
};

// Compiles the graph; a Failure names what is not supported and where it stands in the source.
ModuleProgram compile_module(const LiftedGraph& lifted, size_t num_parameters,
                             const std::function<at::Tensor(const at::Tensor&)>& place);

// Values changed in place by the graph; refuses changes of buffers and constants.
struct ModuleWrites {
  std::vector<bool> parameters;  // by position in LiftedGraph::lifted_parameters
  std::vector<bool> arguments;
};
ModuleWrites find_writes(const LiftedGraph& lifted);

// "model.py:12" or the like.
std::string source_of(const torch::jit::Node* node);

// Reads a TorchScript archive. Floating tensors are converted to `dtype` where it is given.
class ModuleSource {
 public:
  virtual ~ModuleSource() = default;
  virtual size_t size() const = 0;
  virtual void read(uint64_t position, void* target, size_t count) const = 0;
};
std::shared_ptr<const ModuleFunction> load_module(std::shared_ptr<const ModuleSource> source,
                                                  std::optional<at::ScalarType> dtype, const c10::Device& device);

// Evaluates the module. `where` is set to the instruction that runs, for messages.
std::vector<at::Tensor> run_module(const ModuleFunction& module, const std::vector<at::Tensor>& parameters,
                                   const std::vector<at::Tensor>& inputs, std::string& where);

}  // namespace viking
