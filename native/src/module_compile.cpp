// Turns a lifted graph into a Program. See NOTE [Modules].
#include <ATen/ATen.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/runtime/operator.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "errors.h"
#include "module.h"

namespace viking {
namespace {

namespace prim = c10::prim;
using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Value;

[[noreturn]] void refuse(const Node* node, const std::string& reason) {
  throw Failure(VK_ERR_UNSUPPORTED,
                std::string(node->kind().toQualString()) + " at " + source_of(node) + " is not supported: " + reason);
}

// Operators that reach beyond their arguments and results.
const char* reach_of(const std::string& name) {
  static const std::unordered_map<std::string, const char*> reasons{
      {"aten::from_file", "it opens a file"},
      {"aten::save", "it writes a file"},
      {"aten::manual_seed", "it seeds the process's random generator"},
      {"aten::seed", "it seeds the process's random generator"},
      {"aten::set_", "it exchanges a tensor's memory"},
      {"aten::set_data", "it exchanges a tensor's memory"},
      {"aten::set_grad_enabled", "it switches derivatives off for the thread (torch.no_grad); use detach"},
      {"aten::backward", "it takes a derivative of its own"},
      {"aten::grad", "it takes a derivative of its own"},
      {"aten::requires_grad_", "it starts a derivative of its own"},
      {"aten::retain_grad", "it starts a derivative of its own"},
      {"aten::detach_", "it cuts a derivative in place; use detach"},
      {"aten::data", "it cuts a derivative behind the transforms' back; use detach"},
      {"prim::data", "it cuts a derivative behind the transforms' back; use detach"},
      {"aten::wait", "it waits for another thread"},
      {"aten::set_num_threads", "it changes the process"},
  };
  const auto found = reasons.find(name);
  return found == reasons.end() ? nullptr : found->second;
}

class Compiler {
 public:
  Compiler(const LiftedGraph& lifted, const std::function<at::Tensor(const at::Tensor&)>& place)
      : lifted_(lifted), place_(place) {}

  ModuleProgram compile(size_t num_parameters) {
    const ModuleWrites writes = find_writes(lifted_);
    const auto inputs = lifted_.graph->inputs();
    for (size_t i = 1; i <= lifted_.arguments; ++i) {
      program_.inputs.push_back(slot(inputs[i]));
      program_.copy_input.push_back(writes.arguments[i - 1]);
    }
    program_.parameters.assign(num_parameters, kUnused);
    program_.copy_parameter.assign(num_parameters, false);
    for (size_t i = 0; i < lifted_.lifted_parameters.size(); ++i) {
      program_.parameters[lifted_.lifted_parameters[i]] = slot(lifted_.parameter_values[i]);
      program_.copy_parameter[lifted_.lifted_parameters[i]] = writes.parameters[i];
    }
    for (size_t i = 0; i < lifted_.captured.size(); ++i) {
      constant(lifted_.captured_values[i], lifted_.captured[i]);
    }
    program_.body = block(lifted_.graph->block());
    program_.body.inputs.clear();
    return std::move(program_);
  }

 private:
  static constexpr size_t kUnused = ~size_t{0};

  size_t slot(const Value* value) {
    const auto [place, added] = slots_.emplace(value, program_.slots.size());
    if (added) program_.slots.emplace_back();
    return place->second;
  }

  std::vector<size_t> slots(at::ArrayRef<Value*> values) {
    std::vector<size_t> result;
    for (const Value* value : values) result.push_back(slot(value));
    return result;
  }

  void constant(const Value* value, const c10::IValue& content) {
    constants_.insert(value);
    program_.slots[slot(value)] =
        content.isTensor() && content.toTensor().defined() ? c10::IValue(place_(content.toTensor())) : content;
  }

  ModuleBlock block(Block* source) {
    ModuleBlock result;
    result.inputs = slots(source->inputs());
    for (Node* node : source->nodes()) {
      const std::string_view kind = node->kind().toQualString();
      if (node->kind() == prim::Constant) {
        const auto content = torch::jit::toIValue(node->output());
        if (!content.has_value()) refuse(node, "the constant has no value");
        constant(node->output(), *content);
      } else if (node->kind() == prim::Uninitialized) {
        constants_.insert(node->output());
        slot(node->output());
      } else if (kind != "aten::warn" && kind != "prim::Print") {  // what a function prints is no part of its value
        result.instructions.push_back(instruction(node));
      }
    }
    result.outputs = slots(source->outputs());
    return result;
  }

  ModuleInstruction instruction(Node* node) {
    ModuleInstruction result;
    result.name = node->kind().toQualString();
    result.where = source_of(node);
    result.inputs = slots(node->inputs());
    result.outputs = slots(node->outputs());
    choose_step(node, result);
    for (Block* inner : node->blocks()) result.blocks.push_back(block(inner));
    for (const Value* input : node->inputs()) {
      if (is_last_use(input, node)) result.last_used.push_back(slot(input));
    }
    return result;
  }

  void choose_step(Node* node, ModuleInstruction& result) {
    const auto kind = node->kind();
    if (kind == prim::If) {
      result.step = ModuleStep::kIf;
    } else if (kind == prim::Loop) {
      result.step = ModuleStep::kLoop;
    } else if (kind == prim::ListConstruct) {
      result.step = ModuleStep::kList;
      result.types = {node->output()->type()->expectRef<c10::ListType>().getElementType()};
    } else if (kind == prim::DictConstruct) {
      const auto& type = node->output()->type()->expectRef<c10::DictType>();
      result.step = ModuleStep::kDict;
      result.types = {type.getKeyType(), type.getValueType()};
    } else if (kind == prim::TupleConstruct) {
      result.step = ModuleStep::kTuple;
    } else if (kind == prim::ListUnpack) {
      result.step = ModuleStep::kUnpackList;
    } else if (kind == prim::TupleUnpack) {
      result.step = ModuleStep::kUnpackTuple;
    } else if (kind == prim::TupleSlice) {
      result.step = ModuleStep::kSliceTuple;
      result.begin = static_cast<size_t>(node->i(c10::attr::beg));
      result.end = static_cast<size_t>(node->i(c10::attr::end));
    } else if (kind == prim::isinstance) {
      result.step = ModuleStep::kIsInstance;
      result.types = node->tys(c10::attr::types);
    } else if (kind == prim::unchecked_cast) {
      result.step = ModuleStep::kCopy;
    } else if (kind == prim::RaiseException) {
      result.step = ModuleStep::kRaise;
    } else {
      use_operator(node, result);
    }
  }

  void use_operator(Node* node, ModuleInstruction& result) {
    if (!node->kind().is_aten() && !node->kind().is_prim()) {
      refuse(node, "only operators of libtorch itself are");
    }
    if (node->kind() == prim::GetAttr || node->kind() == prim::SetAttr) {
      refuse(node, (node->kind() == prim::SetAttr ? "it changes attribute " : "it reads attribute ") +
                       node->s(c10::attr::name) + " of an object that is no submodule, or the module's state");
    }
    if (node->kind() == prim::CreateObject) {
      // with torch.no_grad(), with torch.autocast() and the like come here too.
      refuse(node, "it makes an object of type " + node->output()->type()->annotation_str());
    }
    const auto* op = node->maybeOperator();
    if (op == nullptr || !node->blocks().empty()) refuse(node, "this kind of node is unknown here");
    const auto& schema = op->schema();
    if (const char* reason = reach_of(schema.name())) refuse(node, reason);
    result.operation = node->getOperation();
    result.counts_inputs = schema.is_vararg();
    OperatorGuards guards(schema.name());
    if (!guards.empty()) result.guards.emplace(std::move(guards));
    check_mode(node, *op, result);
  }

  // A pure function has no training mode: no batch statistics that update buffers, no dropout.
  void check_mode(Node* node, const torch::jit::Operator& op, ModuleInstruction& result) {
    const auto& arguments = op.schema().arguments();
    bool random = false;
    for (const at::Tag tag : op.getTags()) random = random || tag == at::Tag::nondeterministic_seeded;
    bool settled = false;
    for (size_t i = 0; i < arguments.size() && i < node->inputs().size(); ++i) {
      const std::string& name = arguments[i].name();
      if (name == "train" || name == "training" || name == "use_input_stats") {
        if (name == "use_input_stats") {
          result.input_statistics = i;
        } else {
          result.must_be_false.push_back(i);
        }
        settled = true;
      } else if (name == "dropout_p") {
        result.must_be_zero.push_back(i);
        settled = true;
      }
      const auto known = torch::jit::toIValue(node->input(i));
      if (!known.has_value()) continue;
      if ((name == "train" || name == "training") && known->isBool() && known->toBool()) {
        refuse(node, "it is in training mode (" + name +
                         "=True), so it is random, changes buffers or mixes the examples of "
                         "a batch; call eval() before torch.jit.trace or torch.jit.script");
      }
    }
    if (random && !settled) refuse(node, "it is random");
  }

  // Whether no instruction after `node` in the value's own block reads it. Constants stay where they are.
  bool is_last_use(const Value* value, const Node* node) const {
    if (constants_.count(value) != 0) return false;
    const Block* owner = value->node()->owningBlock();
    if (node->owningBlock() != owner) return false;
    for (const auto& use : value->uses()) {
      const Node* user = use.user;
      while (user != nullptr && user->owningBlock() != owner) user = user->owningBlock()->owningNode();
      if (user == nullptr) return false;
      if (user->kind() == prim::Return || (user != node && user->isAfter(node))) return false;
    }
    return true;
  }

  const LiftedGraph& lifted_;
  const std::function<at::Tensor(const at::Tensor&)>& place_;
  ModuleProgram program_;
  std::unordered_map<const Value*, size_t> slots_;
  std::unordered_set<const Value*> constants_;
};

}  // namespace

ModuleProgram compile_module(const LiftedGraph& lifted, size_t num_parameters,
                             const std::function<at::Tensor(const at::Tensor&)>& place) {
  return Compiler(lifted, place).compile(num_parameters);
}

}  // namespace viking
