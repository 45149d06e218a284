#include "adapters/queries/event_filter.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <vector>

#include "adapters/queries/correlation.h"
#include "adapters/queries/rfc3339.h"
#include "domain/event_catalogue.h"

namespace countersign::queries {
namespace {

using domain::EventView;

enum class Operator { eq, ne, co, sw, ew, gt, ge, lt, le, pr };

std::string lower(std::string_view text) {
  std::string out(text);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

using Value = std::variant<std::string, std::int64_t>;

struct Attribute {
  std::string_view name;
  bool numeric;  ///< sequence and time
  Value (*of)(const EventView&);
};

std::string uuid_text(const domain::fb::Uuid* uuid, std::string_view prefix) {
  return uuid ? domain::id_text(prefix, EventView::to_uuid(uuid)) : "";
}

Value actor_id(const EventView& e) {
  return party_text(e.actor());
}
Value subject_id(const EventView& e) {
  return party_text(e.subject());
}
Value target_id(const EventView& e) {
  return party_text(e.target());
}
Value result(const EventView& e) {
  return std::string(e.clear().outcome() == domain::Outcome::success ? "success" : "failure");
}
std::string kind(const domain::Party& p) {
  return p.kind == domain::PartyKind::none ? "" : std::string(domain::party_kind_text(p.kind));
}

constexpr Attribute attributes[] = {
    {"id", false, [](const EventView& e) -> Value { return e.id().text(); }},
    {"type", false, [](const EventView& e) -> Value { return std::string(domain::name_of(e.type()).name); }},
    {"sub_type", false, [](const EventView& e) -> Value { return std::string(domain::name_of(e.type()).sub_type); }},
    {"action", false, [](const EventView& e) -> Value { return std::string(domain::name_of(e.type()).action); }},
    {"severity", false,
     [](const EventView& e) -> Value { return std::string(domain::severity_of(e.type(), e.reason())); }},
    {"sequence", true, [](const EventView& e) -> Value { return static_cast<std::int64_t>(e.sequence()); }},
    {"time", true, [](const EventView& e) -> Value { return e.time(); }},
    {"outcome", false, result},
    {"outcome.result", false, result},
    {"outcome.reason", false, [](const EventView& e) -> Value { return std::string(domain::reason_text(e.reason())); }},
    {"actor", false, actor_id},
    {"actor.id", false, actor_id},
    {"actor.type", false, [](const EventView& e) -> Value { return kind(e.actor()); }},
    {"subject", false, subject_id},
    {"subject.id", false, subject_id},
    {"subject.type", false, [](const EventView& e) -> Value { return kind(e.subject()); }},
    {"target", false, target_id},
    {"target.id", false, target_id},
    {"target.type", false, [](const EventView& e) -> Value { return kind(e.target()); }},
    {"session_id", false, [](const EventView& e) -> Value { return uuid_text(e.clear().session(), "ses"); }},
    {"correlation_id", false,
     [](const EventView& e) -> Value { return correlation_text(EventView::to_uuid(e.clear().correlation())); }},
};

}  // namespace

struct EventFilter::Node {
  enum class Kind { comparison, all_of, any_of, not_of } kind = Kind::comparison;
  const Attribute* attribute = nullptr;
  Operator op = Operator::eq;
  Value value;
  std::vector<std::shared_ptr<const Node>> children;
};

namespace {

using Node = EventFilter::Node;
using NodePtr = std::shared_ptr<const Node>;

template <class T>
bool ordered(Operator op, const T& left, const T& right) {
  switch (op) {
    case Operator::eq: return left == right;
    case Operator::ne: return left != right;
    case Operator::gt: return left > right;
    case Operator::ge: return left >= right;
    case Operator::lt: return left < right;
    case Operator::le: return left <= right;
    default: return false;
  }
}

bool compare(Operator op, const Value& found, const Value& wanted) {
  if (const auto* number = std::get_if<std::int64_t>(&found))
    return op == Operator::pr || ordered(op, *number, std::get<std::int64_t>(wanted));
  const auto text = lower(std::get<std::string>(found));
  if (op == Operator::pr) return !text.empty();
  const auto& other = std::get<std::string>(wanted);
  switch (op) {
    case Operator::co: return text.find(other) != std::string::npos;
    case Operator::sw: return text.starts_with(other);
    case Operator::ew: return text.ends_with(other);
    default: return ordered(op, text, other);
  }
}

bool matches(const Node& node, const EventView& event) {
  const auto holds = [&](const NodePtr& child) { return matches(*child, event); };
  switch (node.kind) {
    case Node::Kind::comparison: return compare(node.op, node.attribute->of(event), node.value);
    case Node::Kind::all_of: return std::ranges::all_of(node.children, holds);
    case Node::Kind::any_of: return std::ranges::any_of(node.children, holds);
    case Node::Kind::not_of: return !holds(node.children.front());
  }
  return false;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  NodePtr parse() {
    if (text_.size() > 4096) return fail("a filter has at most 4,096 characters");
    auto node = disjunction();
    blanks();
    if (node && at_ < text_.size()) return fail("expected the end, 'and' or 'or'");
    return error_ ? nullptr : node;
  }
  const std::optional<FilterError>& error() const { return error_; }

 private:
  NodePtr fail(std::string detail) {
    if (!error_) error_ = FilterError{at_, std::move(detail)};
    return nullptr;
  }
  void blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool symbol(char c) {
    blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  std::string_view peek_word() {
    blanks();
    auto end = at_;
    const auto is_word = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
             c == '-' || c == '+' || c == ':';
    };
    while (end < text_.size() && is_word(text_[end])) ++end;
    return text_.substr(at_, end - at_);
  }
  bool word(std::string_view wanted) {
    const auto found = peek_word();
    if (lower(found) != wanted) return false;
    at_ += found.size();
    return true;
  }

  NodePtr joined(Node::Kind kind, std::string_view keyword, NodePtr (Parser::*part)()) {
    auto first = (this->*part)();
    if (!first) return nullptr;
    auto node = std::make_shared<Node>();
    node->kind = kind;
    node->children.push_back(first);
    while (word(keyword)) {
      auto next = (this->*part)();
      if (!next) return nullptr;
      node->children.push_back(std::move(next));
    }
    return node->children.size() == 1 ? first : node;
  }
  NodePtr disjunction() {
    if (++depth_ > 32) return fail("a filter has at most 32 levels");
    auto node = joined(Node::Kind::any_of, "or", &Parser::conjunction);
    --depth_;
    return node;
  }
  NodePtr conjunction() { return joined(Node::Kind::all_of, "and", &Parser::factor); }

  NodePtr factor() {
    const bool negated = word("not");
    if (!negated && !symbol('(')) return comparison();
    if (negated && !symbol('(')) return fail("expected '(' after 'not'");
    auto inner = disjunction();
    if (!inner) return nullptr;
    if (!symbol(')')) return fail("expected ')'");
    if (!negated) return inner;
    return none_of(std::move(inner));
  }

  static NodePtr none_of(NodePtr inner) {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::not_of;
    node->children.push_back(std::move(inner));
    return node;
  }
  static NodePtr present(const Attribute& attribute) {
    auto node = std::make_shared<Node>();
    node->attribute = &attribute;
    node->op = Operator::pr;
    return node;
  }

  NodePtr comparison() {
    if (++comparisons_ > 100) return fail("a filter has at most 100 comparisons");
    const auto name = peek_word();
    if (name.empty()) return fail("expected an attribute");
    const auto* attribute = std::ranges::find(attributes, lower(name), [](const Attribute& a) { return a.name; });
    if (attribute == std::end(attributes)) return fail("there is no attribute of this name");
    at_ += name.size();
    const auto op = operator_();
    if (!op) return fail("expected one of eq ne co sw ew gt ge lt le pr");
    auto node = std::make_shared<Node>();
    node->attribute = attribute;
    node->op = *op;
    if (*op == Operator::pr) return node;
    const bool textual = *op == Operator::co || *op == Operator::sw || *op == Operator::ew;
    if (attribute->numeric && textual) return fail("co, sw and ew don't go with numbers and times");
    const bool whole = *op == Operator::eq || *op == Operator::ne;
    if (whole && word("null")) return *op == Operator::ne ? present(*attribute) : none_of(present(*attribute));
    auto value =
        attribute->numeric ? number(attribute->name == "time") : text(attribute->name == "correlation_id" && whole);
    if (!value) return nullptr;
    node->value = std::move(*value);
    return node;
  }

  std::optional<Operator> operator_() {
    constexpr std::pair<std::string_view, Operator> names[] = {
        {"eq", Operator::eq}, {"ne", Operator::ne}, {"co", Operator::co}, {"sw", Operator::sw}, {"ew", Operator::ew},
        {"gt", Operator::gt}, {"ge", Operator::ge}, {"lt", Operator::lt}, {"le", Operator::le}, {"pr", Operator::pr}};
    for (const auto& [name, op] : names)
      if (word(name)) return op;
    return std::nullopt;
  }

  std::optional<Value> number(bool is_time) {
    blanks();
    const auto start = at_;
    std::string token;
    if (at_ < text_.size() && text_[at_] == '"') {
      auto quoted = text();
      if (!quoted) return std::nullopt;
      token = std::get<std::string>(*quoted);
      for (auto& c : token) c = static_cast<char>(c == 't' || c == 'z' ? c - 'a' + 'A' : c);
    } else {
      token = peek_word();
      at_ += token.size();
    }
    if (is_time) {
      if (const auto time = parse_rfc3339(token)) return Value(*time);
      at_ = start;
      fail("expected a time such as \"2026-11-23T03:00:00Z\"");
      return std::nullopt;
    }
    std::int64_t value = 0;
    const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), value);
    if (problem == std::errc() && end == token.data() + token.size() && !token.empty()) return Value(value);
    at_ = start;
    fail("expected a number");
    return std::nullopt;
  }

  /// A JSON string. Folded to lower case, since comparisons are without regard to case; a whole correlation id is made
  /// what stands in events for it, so that a proxy's own request id finds them.
  std::optional<Value> text(bool is_correlation = false) {
    if (!symbol('"')) {
      fail("expected a text in double quotes");
      return std::nullopt;
    }
    const auto start = at_ - 1;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) {
      at_ = text_.size();
      fail("the text has no closing double quote");
      return std::nullopt;
    }
    ++at_;
    boost::system::error_code error;
    const auto parsed = boost::json::parse(text_.substr(start, at_ - start), error);
    if (error) {
      at_ = start;
      fail("this is not a JSON string: " + error.message());
      return std::nullopt;
    }
    const std::string out(parsed.as_string());
    return Value(is_correlation && !out.empty() ? correlation_text(correlation_uuid(out)) : lower(out));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0, comparisons_ = 0;
  std::optional<FilterError> error_;
};

}  // namespace

std::variant<EventFilter, FilterError> EventFilter::parse(std::string_view text) {
  if (text.find_first_not_of(' ') == std::string_view::npos) return EventFilter{};
  Parser parser(text);
  auto root = parser.parse();
  if (!root) return parser.error().value_or(FilterError{0, "not a filter"});
  return EventFilter(std::move(root));
}

bool EventFilter::matches(const EventView& event) const {
  return !root_ || queries::matches(*root_, event);
}

}  // namespace countersign::queries
