// Runs a Program. See NOTE [Modules].
#include <ATen/ATen.h>

#include "errors.h"
#include "handles.h"
#include "module.h"

namespace viking {
namespace {

using c10::IValue;
using torch::jit::Stack;

class Run {
 public:
  Run(const ModuleProgram& program, std::string& where) : slots_(program.slots), where_(where) {}

  void set(size_t slot, IValue value) { slots_[slot] = std::move(value); }

  void block(const ModuleBlock& block) {
    for (const auto& instruction : block.instructions) {
      step(instruction);
      for (const size_t slot : instruction.last_used) slots_[slot] = IValue();
    }
  }

  const IValue& get(size_t slot) const { return slots_[slot]; }

 private:
  void step(const ModuleInstruction& at) {
    switch (at.step) {
      case ModuleStep::kOperator:
        call(at);
        return;
      case ModuleStep::kIf:
        choose(at);
        return;
      case ModuleStep::kLoop:
        loop(at);
        return;
      case ModuleStep::kList:
        list(at);
        return;
      case ModuleStep::kDict:
        dictionary(at);
        return;
      case ModuleStep::kTuple: {
        std::vector<IValue> elements;
        for (const size_t input : at.inputs) elements.push_back(slots_[input]);
        slots_[at.outputs[0]] = c10::ivalue::Tuple::create(std::move(elements));
        return;
      }
      case ModuleStep::kUnpackList:
        unpack(at, slots_[at.inputs[0]].toList().vec());
        return;
      case ModuleStep::kUnpackTuple:
        unpack(at, slots_[at.inputs[0]].toTupleRef().elements().vec());
        return;
      case ModuleStep::kSliceTuple: {
        const auto elements = slots_[at.inputs[0]].toTupleRef().elements().vec();
        slots_[at.outputs[0]] =
            c10::ivalue::Tuple::create(std::vector<IValue>(elements.begin() + static_cast<std::ptrdiff_t>(at.begin),
                                                           elements.begin() + static_cast<std::ptrdiff_t>(at.end)));
        return;
      }
      case ModuleStep::kIsInstance: {
        const auto type = slots_[at.inputs[0]].type();
        bool matches = false;
        for (const auto& candidate : at.types) matches = matches || type->isSubtypeOf(*candidate);
        slots_[at.outputs[0]] = matches;
        return;
      }
      case ModuleStep::kCopy:
        slots_[at.outputs[0]] = slots_[at.inputs[0]];
        return;
      case ModuleStep::kRaise:
        where_ = "the module raised an exception at " + at.where + ": ";
        TORCH_CHECK(false, slots_[at.inputs[0]].isString() ? slots_[at.inputs[0]].toStringRef() : std::string());
    }
  }

  void call(const ModuleInstruction& at) {
    stack_.clear();
    for (const size_t input : at.inputs) stack_.push_back(slots_[input]);
    check_mode(at);
    if (at.counts_inputs) stack_.emplace_back(static_cast<int64_t>(at.inputs.size()));
    try {
      if (!at.guards.has_value() || !at.guards->apply(stack_)) at.operation(stack_);
    } catch (...) {
      where_ = at.name + " at " + at.where + ": ";
      throw;
    }
    require_undisturbed();
    if (stack_.size() < at.outputs.size()) {
      throw Failure(VK_ERR_INTERNAL, at.name + " at " + at.where + " returned too few values");
    }
    for (size_t i = 0; i < at.outputs.size(); ++i) slots_[at.outputs[i]] = std::move(stack_[i]);
  }

  void check_mode(const ModuleInstruction& at) {
    bool training = false;
    for (const size_t i : at.must_be_false) training = training || (stack_[i].isBool() && stack_[i].toBool());
    for (const size_t i : at.must_be_zero) training = training || (stack_[i].isDouble() && stack_[i].toDouble() != 0);
    if (at.input_statistics.has_value() && stack_[*at.input_statistics].toBool() && stack_.size() > 3 &&
        (has_tensor(stack_[3]) || has_tensor(stack_[4]))) {
      training = true;  // instance_norm would update its running statistics
    }
    if (training) {
      throw Failure(VK_ERR_UNSUPPORTED, at.name + " at " + at.where +
                                            " is in training mode; a module is evaluated without dropout and with "
                                            "the running statistics of the file");
    }
  }

  static bool has_tensor(const IValue& value) { return value.isTensor() && value.toTensor().defined(); }

  void choose(const ModuleInstruction& at) {
    const ModuleBlock& branch = at.blocks[slots_[at.inputs[0]].toBool() ? 0 : 1];
    block(branch);
    move(branch.outputs, 0, at.outputs);
  }

  void loop(const ModuleInstruction& at) {
    const int64_t most = slots_[at.inputs[0]].toInt();
    bool goes_on = slots_[at.inputs[1]].toBool();
    const ModuleBlock& body = at.blocks[0];
    std::vector<IValue> carried;
    for (size_t i = 2; i < at.inputs.size(); ++i) carried.push_back(slots_[at.inputs[i]]);
    for (int64_t trip = 0; goes_on && trip < most; ++trip) {
      slots_[body.inputs[0]] = trip;
      for (size_t i = 0; i < carried.size(); ++i) slots_[body.inputs[i + 1]] = std::move(carried[i]);
      block(body);
      goes_on = slots_[body.outputs[0]].toBool();
      for (size_t i = 0; i < carried.size(); ++i) carried[i] = slots_[body.outputs[i + 1]];
    }
    for (size_t i = 0; i < carried.size(); ++i) slots_[at.outputs[i]] = std::move(carried[i]);
  }

  void move(const std::vector<size_t>& from, size_t skip, const std::vector<size_t>& to) {
    std::vector<IValue> values;
    for (size_t i = 0; i < to.size(); ++i) values.push_back(slots_[from[i + skip]]);
    for (size_t i = 0; i < to.size(); ++i) slots_[to[i]] = std::move(values[i]);
  }

  void unpack(const ModuleInstruction& at, std::vector<IValue> elements) {
    TORCH_CHECK(elements.size() == at.outputs.size(), at.name, " at ", at.where, ": ", elements.size(),
                " elements where ", at.outputs.size(), " are expected");
    for (size_t i = 0; i < elements.size(); ++i) slots_[at.outputs[i]] = std::move(elements[i]);
  }

  void list(const ModuleInstruction& at) {
    // IValue keeps lists of the common element types apart by the type given here.
    c10::impl::GenericList elements(at.types[0]);
    elements.reserve(at.inputs.size());
    for (const size_t input : at.inputs) elements.push_back(slots_[input]);
    slots_[at.outputs[0]] = IValue(std::move(elements));
  }

  void dictionary(const ModuleInstruction& at) {
    c10::impl::GenericDict entries(at.types[0], at.types[1]);
    for (size_t i = 0; i + 1 < at.inputs.size(); i += 2) {
      entries.insert_or_assign(slots_[at.inputs[i]], slots_[at.inputs[i + 1]]);
    }
    slots_[at.outputs[0]] = IValue(std::move(entries));
  }

  std::vector<IValue> slots_;
  Stack stack_;
  std::string& where_;
};

void collect(const IValue& value, std::vector<at::Tensor>& outputs) {
  if (value.isTensor()) {
    outputs.push_back(value.toTensor());
  } else if (value.isTuple()) {
    for (const auto& element : value.toTupleRef().elements()) collect(element, outputs);
  } else if (value.isList()) {
    for (const auto& element : value.toList().vec()) collect(element, outputs);
  } else {
    throw Failure(VK_ERR_UNSUPPORTED,
                  "forward returned " + value.tagKind() + "; a tensor, or a tuple or list of tensors, is needed");
  }
}

void check_parameters(const ModuleFunction& module, const std::vector<at::Tensor>& parameters) {
  if (parameters.size() != module.parameters.size()) {
    throw Failure(VK_ERR_ARGUMENT, std::to_string(parameters.size()) + " parameters given, the module has " +
                                       std::to_string(module.parameters.size()));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    const ModuleTensor& own = module.parameters[i];
    const at::Tensor& given = parameters[i];
    const auto complain = [&](int32_t status) {
      throw Failure(status, "parameter " + own.name + " is " + describe(given) + ", needed " + describe(own.value));
    };
    if (!given.sizes().equals(own.value.sizes())) complain(VK_ERR_SHAPE);
    if (given.scalar_type() != own.value.scalar_type()) complain(VK_ERR_DTYPE);
    if (given.device() != own.value.device()) complain(VK_ERR_DEVICE);
  }
}

}  // namespace

std::vector<at::Tensor> run_module(const ModuleFunction& module, const std::vector<at::Tensor>& parameters,
                                   const std::vector<at::Tensor>& inputs, std::string& where) {
  const ModuleProgram& program = module.program;
  check_parameters(module, parameters);
  if (inputs.size() > program.inputs.size()) {
    throw Failure(VK_ERR_ARGUMENT, std::to_string(inputs.size()) + " inputs given, forward takes at most " +
                                       std::to_string(program.inputs.size()));
  }
  Run run(program, where);
  for (size_t i = 0; i < program.inputs.size(); ++i) {
    if (i < inputs.size()) {
      const at::Tensor& given = inputs[i];
      run.set(program.inputs[i], !given.defined()        ? IValue()
                                 : program.copy_input[i] ? IValue(given.clone())
                                                         : IValue(given));
    } else if (program.input_defaults[i].has_value()) {
      run.set(program.inputs[i], *program.input_defaults[i]);
    } else {
      throw Failure(VK_ERR_ARGUMENT, "input " + program.input_names[i] + " of forward is missing");
    }
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (program.parameters[i] >= program.slots.size()) continue;  // the graph never reads it
    run.set(program.parameters[i], program.copy_parameter[i] ? parameters[i].clone() : parameters[i]);
  }
  run.block(program.body);
  std::vector<at::Tensor> outputs;
  for (const size_t slot : program.body.outputs) collect(run.get(slot), outputs);
  return outputs;
}

}  // namespace viking
