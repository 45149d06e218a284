#include "tests/adapters/siem/line_parsers.h"

#include <stdexcept>

namespace countersign::siem::test {
namespace {

void check(bool holds, std::string_view what, std::string_view line) {
  if (!holds) throw std::runtime_error(std::string(what) + ": " + std::string(line.substr(0, 400)));
}

std::string_view after(std::string_view line, std::string_view prefix) {
  check(line.starts_with(prefix), "does not begin with " + std::string(prefix), line);
  check(line.find_first_of("\r\n") == std::string_view::npos, "more than a line", line);
  return line.substr(prefix.size());
}

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// Where the next key begins, behind the blank before it; npos when there is none: a key is a word between a blank and
/// an equals sign that no backslash escapes.
std::size_t next_key(std::string_view text, std::size_t from) {
  for (auto at = text.find(' ', from); at != std::string_view::npos; at = text.find(' ', at + 1)) {
    auto end = at + 1;
    while (end < text.size() && is_key_character(text[end])) ++end;
    if (end > at + 1 && end < text.size() && text[end] == '=') return at + 1;
  }
  return std::string_view::npos;
}

std::string unescaped_value(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      check(text[i] != '=', "an equals sign without a backslash", text);
      out += text[i];
      continue;
    }
    check(++i < text.size(), "a backslash at the end", text);
    switch (text[i]) {
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      default: check(text[i] == '\\' || text[i] == '=', "an unknown escape", text); out += text[i];
    }
  }
  return out;
}

void put_once(ParsedLine& parsed, std::string key, std::string value, std::string_view line) {
  check(!key.empty(), "a value without a key", line);
  check(parsed.values.emplace(std::move(key), std::move(value)).second, "a key twice", line);
}

}  // namespace

ParsedLine parse_cef(std::string_view line) {
  ParsedLine out;
  auto rest = after(line, "CEF:0|");
  std::string field;
  for (std::size_t i = 0; i < rest.size() && out.header.size() < 6; ++i) {
    if (rest[i] == '\\') {
      check(++i < rest.size() && (rest[i] == '\\' || rest[i] == '|'), "an unknown escape", line);
    } else if (rest[i] == '|') {
      out.header.push_back(std::move(field));
      field.clear();
      if (out.header.size() == 6) rest.remove_prefix(i + 1);
      continue;
    }
    if (out.header.size() < 6) field += rest[i];
  }
  check(out.header.size() == 6, "a short header", line);
  while (!rest.empty()) {
    const auto equals = rest.find('=');
    check(equals != std::string_view::npos, "a key without a value", line);
    const auto next = next_key(rest, equals);
    const auto end = next == std::string_view::npos ? rest.size() : next - 1;
    put_once(out, std::string(rest.substr(0, equals)), unescaped_value(rest.substr(equals + 1, end - equals - 1)),
             line);
    rest = next == std::string_view::npos ? std::string_view() : rest.substr(next);
  }
  return out;
}

ParsedLine parse_leef(std::string_view line) {
  ParsedLine out;
  auto rest = after(line, "LEEF:2.0|");
  for (int i = 0; i < 5; ++i) {
    const auto pipe = rest.find('|');
    check(pipe != std::string_view::npos, "a short header", line);
    out.header.emplace_back(rest.substr(0, pipe));
    rest.remove_prefix(pipe + 1);
  }
  check(out.header.back().starts_with('x'), "a delimiter that is not hexadecimal", line);
  const auto delimiter = static_cast<char>(std::stoi(out.header.back().substr(1), nullptr, 16));
  out.header.pop_back();
  while (!rest.empty()) {
    const auto end = rest.find(delimiter);
    const auto pair = rest.substr(0, end);
    const auto equals = pair.find('=');
    check(equals != std::string_view::npos, "a key without a value", line);
    put_once(out, std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1)), line);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  }
  return out;
}

}  // namespace countersign::siem::test
