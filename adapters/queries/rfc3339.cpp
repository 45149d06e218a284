#include "adapters/queries/rfc3339.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

namespace countersign::queries {
namespace {

using namespace std::chrono;

/// Reads exactly `digits` digits and moves on.
bool number(std::string_view& text, std::size_t digits, int& out) {
  if (text.size() < digits) return false;
  out = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return false;
    out = out * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool literal(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string rfc3339(domain::UnixMs time) {
  const sys_time<milliseconds> point{milliseconds(time)};
  const auto midnight = floor<days>(point);
  const year_month_day date{midnight};
  const hh_mm_ss clock{point - midnight};
  std::array<char, 40> text;
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()),
                    unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                    int(clock.minutes().count()), int(clock.seconds().count()), int(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::optional<domain::UnixMs> parse_rfc3339(std::string_view text) {
  int y, mo, d, h, mi, s;
  if (!number(text, 4, y) || !literal(text, "-") || !number(text, 2, mo) || !literal(text, "-") ||
      !number(text, 2, d) || !literal(text, "Tt ") || !number(text, 2, h) || !literal(text, ":") ||
      !number(text, 2, mi) || !literal(text, ":") || !number(text, 2, s))
    return std::nullopt;
  const year_month_day date{year(y), month(unsigned(mo)), day(unsigned(d))};
  if (!date.ok() || y < 1970 || h > 23 || mi > 59 || s > 60) return std::nullopt;
  int millis = 0;
  if (literal(text, ".")) {
    int place = 100, count = 0;
    for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), place /= 10, ++count)
      millis += (text[0] - '0') * place;
    if (count == 0 || count > 9) return std::nullopt;
  }
  int offset_minutes = 0;
  if (!literal(text, "Zz")) {
    const bool east = !text.empty() && text[0] == '+';
    int oh, om;
    if (!literal(text, "+-") || !number(text, 2, oh) || !literal(text, ":") || !number(text, 2, om) || oh > 23 ||
        om > 59)
      return std::nullopt;
    offset_minutes = (oh * 60 + om) * (east ? 1 : -1);
  }
  if (!text.empty()) return std::nullopt;
  const auto point = sys_days{date} + hours(h) + minutes(mi - offset_minutes) + seconds(s) + milliseconds(millis);
  const auto ms = duration_cast<milliseconds>(point.time_since_epoch()).count();
  if (ms < 0) return std::nullopt;
  return ms;
}

}  // namespace countersign::queries
