// Reads a TorchScript archive and lifts its state out of the graph. See NOTE [Modules].
#include <ATen/ATen.h>
#include <caffe2/serialize/inline_container.h>
#include <caffe2/serialize/read_adapter_interface.h>
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>
#include <torch/csrc/jit/serialization/import.h>

#include <cstring>
#include <map>
#include <tuple>
#include <unordered_map>

#include "handles.h"
#include "module.h"

namespace viking {
namespace {

namespace prim = c10::prim;
using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Value;

constexpr size_t kMaxNodes = 1'000'000;
constexpr int kMaxNesting = 200;

[[noreturn]] void malformed(const std::string& text) { throw Failure(VK_ERR_MODULE, text); }
[[noreturn]] void refuse(const std::string& text) { throw Failure(VK_ERR_UNSUPPORTED, text); }

class Adapter final : public caffe2::serialize::ReadAdapterInterface {
 public:
  explicit Adapter(std::shared_ptr<const ModuleSource> source) : source_(std::move(source)) {}
  size_t size() const override { return source_->size(); }
  size_t read(uint64_t position, void* buffer, size_t count, const char*) const override {
    if (position > size() || count > size() - position) malformed("the file ends before what its directory names");
    source_->read(position, buffer, count);
    return count;
  }

 private:
  std::shared_ptr<const ModuleSource> source_;
};

// libtorch's parser is recursive and trusts its input, so absurd nesting is stopped before it; and a __setstate__
// would run, outside the interpreter of this library, while the file is being read.
void check_code(const std::string& name, const char* text, size_t size) {
  int brackets = 0;
  size_t indent = 0;
  bool line_start = true;
  for (size_t i = 0; i < size; ++i) {
    const char c = text[i];
    if (c == '(' || c == '[' || c == '{') ++brackets;
    if (c == ')' || c == ']' || c == '}') --brackets;
    if (c == '\n') {
      line_start = true;
      indent = 0;
    } else if (line_start && c == ' ') {
      ++indent;
    } else {
      line_start = false;
    }
    if (brackets > kMaxNesting || indent > 2 * kMaxNesting) malformed(name + " is nested too deeply");
  }
  const std::string_view view(text, size);
  if (view.find("__setstate__") != std::string_view::npos) {
    refuse("the file holds a class with __setstate__ (" + name +
           "), whose code would run while the file is read; quantised and packed modules have it");
  }
}

void check_archive(const std::shared_ptr<const ModuleSource>& source) {
  char magic[4] = {0, 0, 0, 0};
  if (source->size() < 22) malformed("it has " + std::to_string(source->size()) + " bytes, too few for an archive");
  source->read(0, magic, sizeof magic);
  if (std::memcmp(magic, "PK\3\4", sizeof magic) != 0) {
    malformed("it is no zip archive; a file written by torch.jit.save is needed");
  }
  caffe2::serialize::PyTorchStreamReader reader(std::make_shared<Adapter>(source));
  bool exported = false;
  const size_t limit = 100 * source->size();
  size_t total = 0;
  for (const std::string& record : reader.getAllRecords()) {
    const size_t size = reader.getRecordSize(record);
    // Only code is compressed, and a hundredfold is more than code yields: what claims more is a bomb.
    total += size;
    if (size > limit || total > limit) malformed("its records claim " + std::to_string(total) + " bytes or more");
    exported = exported || record == "archive_format" || record.rfind("models/", 0) == 0;
    if (record.size() > 3 && record.compare(record.size() - 3, 3, ".py") == 0) {
      const auto [data, length] = reader.getRecord(record);
      check_code(record, static_cast<const char*>(data.get()), length);
    }
  }
  if (exported) malformed("it is an archive of torch.export (.pt2); one written by torch.jit.save is needed");
  if (!reader.hasRecord("constants.pkl") || !reader.hasRecord("data.pkl")) {
    malformed(reader.hasRecord("data.pkl")
                  ? "it was written by torch.save and holds no program; one written by torch.jit.save is needed"
                  : "it holds no TorchScript program; a file written by torch.jit.save is needed");
  }
}

torch::jit::Module read_archive(const std::shared_ptr<const ModuleSource>& source, const c10::Device& device) {
  try {
    check_archive(source);
    torch::jit::Module module = torch::jit::load(std::make_shared<Adapter>(source), device, /*load_debug_files=*/true);
    module.eval();
    return module;
  } catch (const Failure&) {
    throw;
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const c10::Error& e) {
    malformed(e.what_without_backtrace());
  } catch (const std::exception& e) {
    malformed(e.what());
  }
}

// Number of nodes that a function has once its calls are inlined; calls may double at every level.
class InlinedSize {
 public:
  size_t of(torch::jit::Function& function) {
    const auto found = sizes_.find(&function);
    if (found != sizes_.end()) {
      if (found->second == kRunning) refuse("the module's functions call each other in a circle");
      return found->second;
    }
    sizes_[&function] = kRunning;
    const size_t size = function.isGraphFunction() ? of(toGraphFunction(function).graph()->block()) : 1;
    sizes_[&function] = size;
    return size;
  }

 private:
  static constexpr size_t kRunning = ~size_t{0};

  size_t of(Block* block) {
    size_t size = 0;
    for (Node* node : block->nodes()) {
      ++size;
      for (Block* inner : node->blocks()) size += of(inner);
      if (node->kind() == prim::CallFunction) {
        const auto type = node->input(0)->type()->cast<c10::FunctionType>();
        if (type != nullptr) size += of(*type->function());
      } else if (node->kind() == prim::CallMethod) {
        if (const auto type = node->input(0)->type()->cast<c10::ClassType>()) {
          size += of(type->getMethod(node->s(c10::attr::name)));
        }
      }
      if (size > kMaxNodes) refuse("the module has more than " + std::to_string(kMaxNodes) + " nodes once inlined");
    }
    return size;
  }

  std::unordered_map<torch::jit::Function*, size_t> sizes_;
};

using Geometry = std::tuple<const void*, int64_t, std::vector<int64_t>, std::vector<int64_t>>;

Geometry geometry_of(const at::Tensor& tensor) {
  return {tensor.storage().unsafeGetStorageImpl(), tensor.storage_offset(), tensor.sizes().vec(),
          tensor.strides().vec()};
}

class Lifter {
 public:
  Lifter(const torch::jit::Module& module, ModuleFunction& function) : module_(module), function_(function) {
    for (const auto& parameter : module.named_parameters()) add_parameter(parameter.name, parameter.value);
    for (const auto& buffer : module.named_buffers()) {
      if (buffer.value.defined()) function_.buffers.push_back({buffer.name, buffer.value, false});
    }
  }

  LiftedGraph lift() {
    auto method = module_.find_method("forward");
    if (!method.has_value()) refuse("the module has no method forward");
    InlinedSize().of(method->function());
    lifted_.graph = method->graph()->copy();
    torch::jit::Inline(*lifted_.graph);
    lifted_.arguments = lifted_.graph->inputs().size() - 1;
    objects_[lifted_.graph->inputs()[0]] = module_._ivalue();
    resolve(lifted_.graph->block());
    torch::jit::ConstantPropagationImmutableTypes(lifted_.graph);
    torch::jit::EliminateDeadCode(lifted_.graph);
    return std::move(lifted_);
  }

 private:
  void add_parameter(const std::string& name, const at::Tensor& value) {
    if (!value.defined()) return;
    const auto [place, added] = by_geometry_.emplace(geometry_of(value), function_.parameters.size());
    if (!added) {
      function_.shared.emplace_back(name, function_.parameters[place->second].name);
      return;
    }
    for (const auto& other : function_.parameters) {
      if (value.numel() > 0 && other.value.numel() > 0 && value.storage().is_alias_of(other.value.storage()) &&
          overlaps(value, other.value)) {
        refuse("parameters " + other.name + " and " + name + " are different views of the same memory");
      }
    }
    function_.parameters.push_back({name, value, value.requires_grad()});
  }

  static bool overlaps(const at::Tensor& a, const at::Tensor& b) {
    auto end = [](const at::Tensor& t) {
      int64_t last = t.storage_offset();
      for (int64_t d = 0; d < t.dim(); ++d) last += (t.size(d) - 1) * t.stride(d);
      return last;
    };
    return a.storage_offset() <= end(b) && b.storage_offset() <= end(a);
  }

  // Replaces every read of an attribute in a block, and what depends on the mode of libtorch.
  void resolve(Block* block) {
    for (auto node = block->nodes().begin(); node != block->nodes().end(); ++node) {
      for (Block* inner : node->blocks()) resolve(inner);
      const torch::jit::WithInsertPoint at(*node);
      Value* replacement = nullptr;
      if (node->kind() == prim::GetAttr) {
        replacement = attribute(*node);
      } else if (node->kind().toQualString() == std::string_view("aten::is_grad_enabled") ||
                 node->kind().toQualString() == std::string_view("prim::requires_grad")) {
        // The function is there to be differentiated: shortcuts for inference must not be taken.
        replacement = lifted_.graph->insertConstant(true);
      }
      if (replacement == nullptr) continue;
      node->output()->replaceAllUsesWith(replacement);
      node.destroyCurrent();
    }
  }

  // The value of an attribute as a constant or an input of the graph; null for a submodule, or where it is unknown.
  Value* attribute(Node* node) {
    const auto object = objects_.find(node->input(0));
    if (object == objects_.end()) return nullptr;
    const std::string& name = node->s(c10::attr::name);
    const c10::IValue value = object->second->getAttr(name);
    if (value.isObject()) {
      objects_[node->output()] = value.toObject();
      paths_[node->output()] = path(node->input(0)) + name + ".";
      return nullptr;
    }
    return read(value, path(node->input(0)) + name, node);
  }

  std::string path(Value* object) { return paths_[object]; }

  Value* read(const c10::IValue& value, const std::string& name, Node* node) {
    if (value.isTensor() && value.toTensor().defined()) return read_tensor(value.toTensor(), name);
    if (value.isTensorList()) {
      // The list may hold parameters (the flat weights of recurrent layers).
      std::vector<Value*> elements;
      int64_t index = 0;
      for (const at::Tensor& element : value.toTensorVector()) {
        elements.push_back(read_tensor(element, name + "[" + std::to_string(index++) + "]"));
      }
      return lifted_.graph->insertNode(lifted_.graph->createList(c10::TensorType::get(), elements))->output();
    }
    if (value.isNone() || value.isBool() || value.isInt() || value.isDouble() || value.isString() || value.isDevice()) {
      return lifted_.graph->insertConstant(value);
    }
    value.visit([&](const c10::IValue& part) {
      if (part.isTensor() && part.toTensor().defined() && touches_parameter(part.toTensor())) {
        refuse("attribute " + name + " of type " + value.type()->annotation_str() + " holds a parameter (" +
               source_of(node) + ")");
      }
      return false;
    });
    if (value.isCustomClass() || value.isCapsule() || value.isPyObject() || value.isFuture()) {
      refuse("attribute " + name + " of type " + value.type()->annotation_str() + " is no tensor or number (" +
             source_of(node) + ")");
    }
    return capture(value, name, node->output()->type());
  }

  bool touches_parameter(const at::Tensor& tensor) const {
    if (!tensor.has_storage()) return false;
    for (const auto& parameter : function_.parameters) {
      if (parameter.value.numel() > 0 && tensor.storage().is_alias_of(parameter.value.storage()) &&
          overlaps(tensor, parameter.value)) {
        return true;
      }
    }
    return false;
  }

  Value* read_tensor(const at::Tensor& tensor, const std::string& name) {
    if (!tensor.has_storage() || tensor.layout() != at::kStrided || tensor.is_quantized()) {
      refuse("attribute " + name + " is a sparse, quantised or otherwise special tensor");
    }
    const auto found = by_geometry_.find(geometry_of(tensor));
    if (found == by_geometry_.end()) {
      if (touches_parameter(tensor)) refuse("attribute " + name + " is a view of a parameter");
      return capture(tensor, name, c10::TensorType::get());
    }
    const size_t index = found->second;
    const auto known = parameter_inputs_.find(index);
    if (known != parameter_inputs_.end()) return known->second;
    Value* input = lifted_.graph->addInput()->setType(c10::TensorType::get());
    parameter_inputs_[index] = input;
    lifted_.lifted_parameters.push_back(index);
    lifted_.parameter_values.push_back(input);
    return input;
  }

  Value* capture(const c10::IValue& value, const std::string& name, const c10::TypePtr& type) {
    Value* input = lifted_.graph->addInput()->setType(type);
    lifted_.captured_names.push_back(name);
    lifted_.captured.push_back(value);
    lifted_.captured_values.push_back(input);
    return input;
  }

  const torch::jit::Module& module_;
  ModuleFunction& function_;
  LiftedGraph lifted_;
  std::map<Geometry, size_t> by_geometry_;
  std::unordered_map<Value*, c10::intrusive_ptr<c10::ivalue::Object>> objects_;
  std::unordered_map<Value*, std::string> paths_;
  std::unordered_map<size_t, Value*> parameter_inputs_;
};

void check_output(const c10::TypePtr& type) {
  if (type->kind() == c10::TypeKind::TensorType) return;
  if (const auto tuple = type->cast<c10::TupleType>()) {
    for (const auto& element : tuple->elements()) check_output(element);
    return;
  }
  if (const auto list = type->cast<c10::ListType>()) return check_output(list->getElementType());
  refuse("forward returns " + type->annotation_str() + "; a tensor, or a tuple or list of tensors, is needed");
}

}  // namespace

static std::optional<std::string> line_of(const Node* node) {
  torch::jit::SourceRange range = node->sourceRange();
  // The archive may keep the file and line that its own code was generated from.
  if (const auto original = range.findSourceRangeThatGenerated()) range = *original;
  const auto place = range.file_line_col();
  if (!place.has_value()) return std::nullopt;
  const std::string& file = std::get<0>(*place);
  const size_t slash = file.find_last_of("/\\");
  return (slash == std::string::npos ? file : file.substr(slash + 1)) + ":" + std::to_string(std::get<1>(*place));
}

std::string source_of(const Node* node) {
  if (const auto line = line_of(node)) return *line;
  // Some kinds of nodes carry no line: that of a neighbour helps.
  for (const Node* before = node->prev(); before != node->owningBlock()->param_node(); before = before->prev()) {
    if (const auto line = line_of(before)) return *line + " or after";
  }
  for (const Node* after = node->next(); after != node->owningBlock()->return_node(); after = after->next()) {
    if (const auto line = line_of(after)) return *line + " or before";
  }
  return "an unknown line";
}

std::shared_ptr<const ModuleFunction> load_module(std::shared_ptr<const ModuleSource> source,
                                                  std::optional<at::ScalarType> dtype, const c10::Device& device) {
  const at::NoGradGuard no_grad;
  const torch::jit::Module module = read_archive(source, device);
  auto function = std::make_shared<ModuleFunction>();
  Lifter lifter(module, *function);
  LiftedGraph lifted;
  const auto place = [&](const at::Tensor& tensor) {
    const at::Tensor plain = tensor.detach();
    const bool converts = dtype.has_value() && plain.is_floating_point();
    return plain.to(device, converts ? *dtype : plain.scalar_type(), /*non_blocking=*/false, /*copy=*/true)
        .contiguous();
  };
  try {
    lifted = lifter.lift();
    for (const Value* output : lifted.graph->outputs()) check_output(output->type());
    function->program = compile_module(lifted, function->parameters.size(), place);
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const c10::Error& e) {
    malformed(e.what_without_backtrace());
  }
  for (auto* list : {&function->parameters, &function->buffers}) {
    for (auto& tensor : *list) tensor.value = place(tensor.value);
  }
  const auto& schema = module.get_method("forward").function().getSchema();
  for (size_t i = 1; i < schema.arguments().size(); ++i) {
    function->program.input_names.push_back(schema.arguments()[i].name());
    function->program.input_defaults.push_back(schema.arguments()[i].default_value());
  }
  return function;
}

}  // namespace viking
