#include "adapters/push/relp_frame.h"

#include <algorithm>
#include <charconv>

namespace countersign::push {
namespace {

constexpr std::size_t most_digits = 9, most_command = 32;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The number at the beginning, and how many digits it has. Nothing: it isn't one, or a longer one.
std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t value = 0;
  if (text.empty() || text.size() > most_digits || !std::all_of(text.begin(), text.end(), is_digit))
    return std::nullopt;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

}  // namespace

void append_relp_frame(std::string& to, std::uint32_t number, std::string_view command, std::string_view data) {
  to.append(std::to_string(number)).append(1, ' ').append(command).append(1, ' ').append(std::to_string(data.size()));
  if (!data.empty()) to.append(1, ' ').append(data);
  to.append(1, '\n');
}

RelpReader::State RelpReader::read(RelpFrame& next) {
  const std::string_view all = buffer_;
  const auto limit_of_header = 2 * most_digits + most_command + 3;
  const auto unfinished = [&] { return all.size() > limit_of_header ? State::broken : State::more; };
  const auto after_number = all.find(' ');
  if (after_number == all.npos) return all.size() > most_digits ? State::broken : State::more;
  const auto after_command = all.find(' ', after_number + 1);
  if (after_command == all.npos) return unfinished();
  const auto after_length = all.find_first_of(" \n", after_command + 1);
  if (after_length == all.npos) return unfinished();
  const auto number = number_of(all.substr(0, after_number));
  const auto command = all.substr(after_number + 1, after_command - after_number - 1);
  const auto length = number_of(all.substr(after_command + 1, after_length - after_command - 1));
  if (!number || !length || command.empty() || command.size() > most_command || *length > most_data)
    return State::broken;
  // Without data some peers send the blank before the end all the same.
  const bool blank = all[after_length] == ' ';
  const auto begin = after_length + (blank ? 1 : 0);
  if (!blank && *length > 0) return State::broken;
  if (all.size() < begin + *length + 1) return State::more;
  if (all[begin + *length] != '\n') return State::broken;
  next.number = *number;
  next.command.assign(command);
  next.data.assign(all.substr(begin, *length));
  buffer_.erase(0, begin + *length + 1);
  return State::frame;
}

std::optional<unsigned> relp_status(std::string_view data) {
  if (data.size() < 3 || (data.size() > 3 && data[3] != ' ' && data[3] != '\n')) return std::nullopt;
  return number_of(data.substr(0, 3));
}

}  // namespace countersign::push
