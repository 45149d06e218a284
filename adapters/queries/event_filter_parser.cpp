#include "adapters/queries/event_filter_parser.h"

#include <boost/json.hpp>
#include <charconv>

#include "adapters/queries/correlation.h"
#include "adapters/queries/rfc3339.h"

namespace countersign::queries {

using NodePtr = std::shared_ptr<const EventFilter::Node>;

NodePtr FilterParser::parse() {
  if (text_.size() > 4096) return fail("a filter has at most 4,096 characters");
  auto node = disjunction();
  blanks();
  if (node && at_ < text_.size()) return fail("expected the end, 'and' or 'or'");
  return error_ ? nullptr : node;
}

NodePtr FilterParser::fail(std::string detail) {
  if (!error_) error_ = FilterError{at_, std::move(detail)};
  return nullptr;
}

void FilterParser::blanks() {
  while (at_ < text_.size() && text_[at_] == ' ') ++at_;
}

bool FilterParser::symbol(char c) {
  blanks();
  if (at_ >= text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

std::string_view FilterParser::peek_word() {
  blanks();
  auto end = at_;
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-' || c == '+' || c == ':';
  };
  while (end < text_.size() && is_word(text_[end])) ++end;
  return text_.substr(at_, end - at_);
}

bool FilterParser::word(std::string_view wanted) {
  const auto found = peek_word();
  if (lower_ascii(found) != wanted) return false;
  at_ += found.size();
  return true;
}

NodePtr FilterParser::joined(Node::Kind kind, std::string_view keyword, NodePtr (FilterParser::*part)()) {
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

NodePtr FilterParser::disjunction() {
  if (++depth_ > 32) return fail("a filter has at most 32 levels");
  auto node = joined(Node::Kind::any_of, "or", &FilterParser::conjunction);
  --depth_;
  return node;
}

NodePtr FilterParser::factor() {
  const bool negated = word("not");
  if (!negated && !symbol('(')) return comparison();
  if (negated && !symbol('(')) return fail("expected '(' after 'not'");
  auto inner = disjunction();
  if (!inner) return nullptr;
  if (!symbol(')')) return fail("expected ')'");
  return negated ? none_of(std::move(inner)) : inner;
}

NodePtr FilterParser::none_of(NodePtr inner) {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::not_of;
  node->children.push_back(std::move(inner));
  return node;
}

NodePtr FilterParser::present(const Attribute& attribute) {
  auto node = std::make_shared<Node>();
  node->attribute = &attribute;
  node->op = Operator::pr;
  find_fitting(*node);
  return node;
}

NodePtr FilterParser::comparison() {
  if (++comparisons_ > 100) return fail("a filter has at most 100 comparisons");
  const auto name = peek_word();
  if (name.empty()) return fail("expected an attribute");
  const auto* attribute = find_attribute(name);
  if (!attribute) return fail("there is no attribute of this name");
  at_ += name.size();
  const auto op = operator_();
  if (!op) return fail("expected one of eq ne co sw ew gt ge lt le pr");
  auto node = std::make_shared<Node>();
  node->attribute = attribute;
  node->op = *op;
  if (*op == Operator::pr) return present(*attribute);
  const bool textual = *op == Operator::co || *op == Operator::sw || *op == Operator::ew;
  if (attribute->is_numeric() && textual) return fail("co, sw and ew don't go with numbers and times");
  const bool whole = *op == Operator::eq || *op == Operator::ne;
  if (attribute->form == Attribute::Form::address && !whole)
    return fail("only eq, ne and pr go with addresses, of which events hold digests");
  if (whole && word("null")) return *op == Operator::ne ? present(*attribute) : none_of(present(*attribute));
  auto wanted = value(*attribute, whole);
  if (!wanted) return nullptr;
  node->value = std::move(*wanted);
  find_fitting(*node);
  return node;
}

std::optional<Operator> FilterParser::operator_() {
  constexpr std::pair<std::string_view, Operator> names[] = {
      {"eq", Operator::eq}, {"ne", Operator::ne}, {"co", Operator::co}, {"sw", Operator::sw}, {"ew", Operator::ew},
      {"gt", Operator::gt}, {"ge", Operator::ge}, {"lt", Operator::lt}, {"le", Operator::le}, {"pr", Operator::pr}};
  for (const auto& [name, op] : names)
    if (word(name)) return op;
  return std::nullopt;
}

/// What is compared with. Texts are folded to lower case, since comparisons are without regard to case; a whole
/// correlation id is made what stands in events for it, so that a proxy's own request id finds them; likewise an
/// address.
std::optional<AttributeValue> FilterParser::value(const Attribute& attribute, bool whole) {
  if (attribute.is_numeric()) return number(attribute.form == Attribute::Form::time);
  blanks();
  const auto start = at_;
  auto found = text();
  if (!found) return std::nullopt;
  if (attribute.form == Attribute::Form::correlation && whole && !found->empty())
    return correlation_text(correlation_uuid(*found));
  if (attribute.form == Attribute::Form::address) {
    const auto digest = digest_of_ ? digest_of_(*found) : std::nullopt;
    if (digest) return correlation_text(domain::Uuid{*digest});  // likewise 32 hexadecimal digits
    at_ = start;
    fail("expected an IPv4 or IPv6 address");
    return std::nullopt;
  }
  return lower_ascii(*found);
}

std::optional<std::int64_t> FilterParser::number(bool is_time) {
  blanks();
  const auto start = at_;
  std::string token;
  if (at_ < text_.size() && text_[at_] == '"') {
    auto quoted = text();
    if (!quoted) return std::nullopt;
    token = std::move(*quoted);
    for (auto& c : token) c = static_cast<char>(c == 't' || c == 'z' ? c - 'a' + 'A' : c);
  } else {
    token = peek_word();
    at_ += token.size();
  }
  if (is_time) {
    if (const auto time = parse_rfc3339(token)) return *time;
    at_ = start;
    fail("expected a time such as \"2026-11-23T03:00:00Z\"");
    return std::nullopt;
  }
  std::int64_t number = 0;
  const auto [end, problem] = std::from_chars(token.data(), token.data() + token.size(), number);
  if (problem == std::errc() && end == token.data() + token.size() && !token.empty()) return number;
  at_ = start;
  fail("expected a number");
  return std::nullopt;
}

/// A JSON string.
std::optional<std::string> FilterParser::text() {
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
  return std::string(parsed.as_string());
}

}  // namespace countersign::queries
