#include "adapters/http/server/route.h"

#include <algorithm>
#include <stdexcept>

#include "adapters/http/server/percent.h"
#include "adapters/http/server/utf8.h"

namespace countersign::http {

struct Router::Node {
  std::vector<std::pair<std::string, std::unique_ptr<Node>>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> rest;
  std::array<const Route*, verb_count> by_verb{};

  bool has_routes() const {
    return std::any_of(by_verb.begin(), by_verb.end(), [](const Route* route) { return route != nullptr; });
  }
};

namespace {

struct Segments {
  std::array<std::string_view, Router::max_segments> parts;
  std::size_t count = 0;
};

// False when there are too many.
bool split(std::string_view path, Segments& segments) {
  if (!path.starts_with('/')) return false;
  path.remove_prefix(1);
  for (;;) {
    if (segments.count == segments.parts.size()) return false;
    const std::size_t slash = path.find('/');
    segments.parts[segments.count++] = path.substr(0, slash);
    if (slash == path.npos) return true;
    path.remove_prefix(slash + 1);
  }
}

// Decodes each segment into `storage` (reserved by the caller, so that views stay good).
bool decode(Segments& segments, std::string& storage) {
  for (std::size_t s = 0; s < segments.count; ++s) {
    const std::string_view part = segments.parts[s];
    const std::size_t at = storage.size();
    if (!append_percent_decoded(part, Plus::is_itself, storage)) return false;
    segments.parts[s] = std::string_view(storage).substr(at);
    if (!is_utf8(segments.parts[s]) || has_control_character(segments.parts[s])) return false;
    storage.push_back('/');  // so that {rest*} can span segments here too
  }
  return true;
}

bool is_parameter(std::string_view segment) {
  return segment.starts_with('{') && segment.ends_with('}');
}

// Depth first, literals before parameters; templates are few and shallow, so going back costs nothing.
template <class Node>
const Node* walk(const Node& node, const Segments& segments, std::size_t depth, Router::Match& match) {
  if (depth == segments.count) return node.has_routes() ? &node : nullptr;
  const std::string_view segment = segments.parts[depth];
  for (const auto& [literal, child] : node.literals) {
    if (literal == segment) {
      if (const Node* const found = walk(*child, segments, depth + 1, match)) return found;
    }
  }
  const std::size_t parameters = match.parameter_count;
  if (parameters == Router::max_parameters) return nullptr;
  if (node.parameter && !segment.empty()) {
    match.parameters[match.parameter_count++] = segment;
    if (const Node* const found = walk(*node.parameter, segments, depth + 1, match)) return found;
    match.parameter_count = parameters;
  }
  if (node.rest) {
    const std::string_view last = segments.parts[segments.count - 1];
    match.parameters[match.parameter_count++] = {segment.data(),
                                                 static_cast<std::size_t>(last.data() + last.size() - segment.data())};
    return node.rest.get();
  }
  return nullptr;
}

template <class Node>
std::string allowed_verbs(const Node& node) {
  std::string allow;
  for (std::size_t i = 0; i < node.by_verb.size(); ++i) {
    const Route* const route = node.by_verb[i];
    if (route == nullptr) continue;
    const Verb verb = static_cast<Verb>(i);
    allow.append(text_of(verb)).append(", ");
    if (verb == Verb::get && !route->streams_answer) allow.append("HEAD, ");
  }
  return allow + "OPTIONS";
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)), root_(std::make_unique<Node>()) {
  for (const Route& route : routes_) add(route);
}

Router::~Router() = default;

void Router::add(const Route& route) {
  Segments segments;
  if (!split(route.path, segments)) throw std::logic_error("route " + route.path + ": not a path");
  const bool both = route.now && route.later;
  if ((!route.now && !route.later) || both != static_cast<bool>(route.must_wait)) {
    throw std::logic_error("route " + route.path + ": needs one handler, or two and what tells which");
  }
  Node* node = root_.get();
  for (std::size_t i = 0; i < segments.count; ++i) {
    const std::string_view segment = segments.parts[i];
    std::unique_ptr<Node>* next = nullptr;
    if (is_parameter(segment)) {
      next = segment.ends_with("*}") ? &node->rest : &node->parameter;
    } else {
      const auto same = [segment](const auto& literal) { return literal.first == segment; };
      auto found = std::find_if(node->literals.begin(), node->literals.end(), same);
      if (found == node->literals.end()) found = node->literals.emplace(found, std::string(segment), nullptr);
      next = &found->second;
    }
    if (!*next) *next = std::make_unique<Node>();
    node = next->get();
  }
  const Route*& place = node->by_verb[static_cast<std::size_t>(route.verb)];
  if (place != nullptr) throw std::logic_error("route " + route.path + ": stands twice in the table");
  place = &route;
}

void Router::find(Verb verb, std::string_view path, Match& match) const {
  Segments segments;
  if (!split(path, segments)) return;
  if (path.find('%') != path.npos) {
    match.decoded.reserve(path.size() + 1);
    if (!decode(segments, match.decoded)) {
      match.malformed = true;
      return;
    }
  }
  const Node* const node = walk(*root_, segments, 0, match);
  if (node == nullptr) return;
  match.route = node->by_verb[static_cast<std::size_t>(verb)];
  if (match.route == nullptr && verb == Verb::head) {
    match.route = node->by_verb[static_cast<std::size_t>(Verb::get)];
    if (match.route != nullptr && match.route->streams_answer) match.route = nullptr;
  }
  if (match.route == nullptr) match.allow = allowed_verbs(*node);
}

}  // namespace countersign::http
