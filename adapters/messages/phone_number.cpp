#include "adapters/messages/phone_number.h"

#include <algorithm>

namespace countersign::messages {
namespace {

constexpr std::size_t most_typed_bytes = 64, least_digits = 7, most_digits = 15;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_digits(std::string_view text) {
  return std::ranges::all_of(text, is_digit);
}

NormalNumber failed(std::string error) {
  return {{}, std::move(error)};
}

/// Digits with or without a "+" before them; empty: there is something else in it.
std::string without_decoration(std::string_view typed) {
  constexpr std::string_view passed_over = " -./()\t", no_break_space = "\xc2\xa0", trunk = "(0)";
  std::string plain;
  while (!typed.empty()) {
    if (typed.starts_with(trunk) && plain.size() > 1 && (plain.front() == '+' || plain.starts_with("00"))) {
      typed.remove_prefix(trunk.size());
    } else if (typed.starts_with(no_break_space)) {
      typed.remove_prefix(no_break_space.size());
    } else if (is_digit(typed.front()) || (typed.front() == '+' && plain.empty())) {
      plain += typed.front();
      typed.remove_prefix(1);
    } else if (passed_over.find(typed.front()) != passed_over.npos) {
      typed.remove_prefix(1);
    } else {
      return {};
    }
  }
  return plain;
}

bool is_normal(std::string_view text) {
  return text.size() > least_digits && text.size() <= most_digits + 1 && text[0] == '+' && text[1] != '0' &&
         is_digits(text.substr(1));
}

}  // namespace

std::string flaw_in(const NumberPlan& plan) {
  if (plan.calling_code.empty() && plan.trunk_prefix.empty()) return {};
  if (plan.calling_code.empty() || plan.calling_code.size() > 3 || !is_digits(plan.calling_code) ||
      plan.calling_code.front() == '0')
    return "a calling code of 1 to 3 digits is expected, such as 49";
  if (plan.trunk_prefix.size() > 3 || !is_digits(plan.trunk_prefix))
    return "a trunk prefix of at most 3 digits is expected, such as 0";
  return {};
}

NormalNumber normalise_number(std::string_view typed, const NumberPlan& plan) {
  if (typed.empty()) return failed("a number is required");
  if (typed.size() > most_typed_bytes) return failed("longer than 64 bytes");
  std::string plain = without_decoration(typed);
  if (plain.empty()) return failed("not a telephone number");
  if (plain.starts_with("00")) plain.replace(0, 2, "+");
  if (plain.front() != '+') {
    if (plan.calling_code.empty()) return failed("the country is missing: + and its calling code are expected");
    if (!plan.trunk_prefix.empty() && plain.starts_with(plan.trunk_prefix)) plain.erase(0, plan.trunk_prefix.size());
    plain.insert(0, "+" + plan.calling_code);
  }
  if (plain.size() > 1 && plain[1] == '0') return failed("no calling code begins with 0");
  if (plain.size() <= least_digits) return failed("fewer than 7 digits");
  if (plain.size() > most_digits + 1) return failed("more than 15 digits");
  return {std::move(plain), {}};
}

std::string masked_number(std::string_view normal) {
  constexpr std::string_view stars = "******";
  if (!is_normal(normal)) return std::string(stars);
  return std::string(normal.substr(0, 3)).append(stars).append(normal.substr(normal.size() - 2));
}

}  // namespace countersign::messages
