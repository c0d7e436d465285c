// Which state of a module its graph changes in place. See NOTE [Modules].
#include <map>
#include <set>
#include <unordered_set>

#include "errors.h"
#include "module.h"

namespace viking {
namespace {

namespace prim = c10::prim;
using torch::jit::Block;
using torch::jit::Node;
using torch::jit::Value;
using Roots = std::set<size_t>;

// Operators that may return their input although their schema does not say so.
bool may_return_input(const std::string& name) {
  static const std::unordered_set<std::string> names{
      "aten::dropout",       "aten::alpha_dropout", "aten::feature_dropout", "aten::feature_alpha_dropout",
      "aten::type_as",       "aten::sum_to_size",   "aten::einsum",          "aten::meshgrid",
      "aten::atleast_1d",    "aten::atleast_2d",    "aten::atleast_3d",      "aten::broadcast_tensors",
      "aten::cartesian_prod"};
  return names.count(name) != 0;
}

bool is_container(const Value* value) {
  const auto kind = value->type()->kind();
  return kind == c10::TypeKind::ListType || kind == c10::TypeKind::DictType;
}

// Follows every value back to the inputs of the graph whose memory it may share. Rough on the safe side: an output
// that may alias one input of its operator is taken to alias all of them.
class Aliases {
 public:
  explicit Aliases(const LiftedGraph& lifted) : graph_(lifted.graph.get()) {
    const auto inputs = graph_->inputs();
    for (size_t i = 1; i < inputs.size(); ++i) roots_[inputs[i]] = {i};
    do {
      changed_ = false;
      visit(graph_->block());
    } while (changed_);
  }

  // Calls `report(root, node)` for every input that a node writes to.
  template <typename Report>
  void writes(const Report& report) {
    writes(graph_->block(), report);
  }

 private:
  void add(const Value* value, const Roots& roots) {
    Roots& own = roots_[value];
    const size_t before = own.size();
    own.insert(roots.begin(), roots.end());
    changed_ = changed_ || own.size() != before;
  }

  void add(const Value* target, const Value* source) { add(target, Roots(roots_[source])); }

  void visit(Block* block) {
    for (Node* node : block->nodes()) visit(node);
  }

  void visit(Node* node) {
    if (node->kind() == prim::Loop) {
      Block* body = node->blocks()[0];
      for (size_t i = 0; i < node->outputs().size(); ++i) {
        add(body->inputs()[i + 1], node->inputs()[i + 2]);
        add(body->inputs()[i + 1], body->outputs()[i + 1]);
      }
      visit(body);
      for (size_t i = 0; i < node->outputs().size(); ++i) {
        add(node->outputs()[i], node->inputs()[i + 2]);
        add(node->outputs()[i], body->outputs()[i + 1]);
      }
      return;
    }
    if (node->kind() == prim::If) {
      for (Block* branch : node->blocks()) {
        visit(branch);
        for (size_t i = 0; i < node->outputs().size(); ++i) add(node->outputs()[i], branch->outputs()[i]);
      }
      return;
    }
    Roots all;
    for (const Value* input : node->inputs()) all.insert(roots_[input].begin(), roots_[input].end());
    if (all.empty()) return;
    const auto* schema = node->maybeSchema();
    if (schema == nullptr || schema->is_vararg() || may_return_input(schema->name())) {
      for (const Value* output : node->outputs()) add(output, all);
      return;
    }
    const auto& returns = schema->returns();
    for (size_t i = 0; i < node->outputs().size(); ++i) {
      const bool aliases = schema->is_varret() || i >= returns.size() || returns[i].alias_info() != nullptr;
      if (aliases || is_container(node->output(i))) add(node->output(i), all);
    }
    // What is put into a list or dictionary is found in it again.
    for (size_t i = 0; i < schema->arguments().size() && i < node->inputs().size(); ++i) {
      const auto* alias = schema->arguments()[i].alias_info();
      if (alias != nullptr && alias->isWrite() && is_container(node->input(i))) add(node->input(i), all);
    }
  }

  template <typename Report>
  void writes(Block* block, const Report& report) {
    for (Node* node : block->nodes()) {
      for (Block* inner : node->blocks()) writes(inner, report);
      const auto* schema = node->maybeSchema();
      if (schema == nullptr) continue;
      for (size_t i = 0; i < schema->arguments().size() && i < node->inputs().size(); ++i) {
        const auto* alias = schema->arguments()[i].alias_info();
        if (alias == nullptr) continue;
        bool write = alias->isWrite();
        for (const auto& part : alias->containedTypes()) write = write || part.isWrite();
        if (!write) continue;
        const Value* written = node->input(i);
        const bool whole = is_container(written) && !node->getOperator().isC10Op();
        for (const size_t root : roots_[written]) {
          // Changing a list does not change the tensors in it.
          if (!whole || is_container(graph_->inputs()[root])) report(root, node);
        }
      }
    }
  }

  torch::jit::Graph* graph_;
  std::map<const Value*, Roots> roots_;
  bool changed_ = false;
};

}  // namespace

ModuleWrites find_writes(const LiftedGraph& lifted) {
  ModuleWrites found;
  found.arguments.resize(lifted.arguments);
  found.parameters.resize(lifted.parameter_values.size());
  const auto inputs = lifted.graph->inputs();
  Aliases(lifted).writes([&](size_t root, const Node* node) {
    if (root <= lifted.arguments) {
      found.arguments[root - 1] = true;
      return;
    }
    for (size_t i = 0; i < lifted.parameter_values.size(); ++i) {
      if (lifted.parameter_values[i] == inputs[root]) found.parameters[i] = true;
    }
    for (size_t i = 0; i < lifted.captured_values.size(); ++i) {
      if (lifted.captured_values[i] != inputs[root]) continue;
      throw Failure(VK_ERR_UNSUPPORTED, std::string(node->kind().toQualString()) + " at " + source_of(node) +
                                            " may change the module's " + lifted.captured_names[i] +
                                            " in place; a module whose state changes is no pure function");
    }
  });
  return found;
}

}  // namespace viking
