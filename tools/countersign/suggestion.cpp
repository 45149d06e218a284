#include "tools/countersign/suggestion.h"

#include <algorithm>
#include <numeric>

#include "tools/countersign/text.h"

namespace countersign::cli {
namespace {

using Commands = std::vector<const CLI::App*>;

Commands commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// So few letters are taken for a slip: about a third of the word, but one at least.
bool is_near(std::string_view word, const std::string& name) {
  return name.starts_with(word) || distance(word, name) <= std::max<std::size_t>(1, (word.size() + 1) / 3);
}

std::string alternatives(std::string_view word, const Commands& commands) {
  const auto nearest = std::ranges::min_element(
      commands, {}, [&](const CLI::App* command) { return distance(word, command->get_name()); });
  const auto begins =
      std::ranges::find_if(commands, [&](const CLI::App* command) { return command->get_name().starts_with(word); });
  const auto meant = begins != commands.end() ? begins : nearest;
  if (is_near(word, (*meant)->get_name())) return "did you mean '" + (*meant)->get_name() + "'?";
  std::string all = "there are ";
  for (const auto* command : commands) all.append(command == commands.front() ? "" : ", ").append(command->get_name());
  return all;
}

}  // namespace

std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const auto changed = diagonal + (from[i] != to[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({changed, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string unknown_command(const CLI::App& app, const std::vector<std::string>& words) {
  const auto left = app.remaining(true);
  const auto unknown = std::ranges::find_if(left, [](const std::string& word) { return !word.starts_with('-'); });
  if (unknown == left.end()) return "";
  const CLI::App* level = &app;
  for (const auto& word : words) {
    const auto commands = commands_of(*level);
    if (word == *unknown) {
      if (commands.empty()) return "";
      const auto where = level == &app ? "there is no command '" : level->get_name() + " has no command '";
      return where + escaped(word) + "': " + alternatives(word, commands);
    }
    const auto named =
        std::ranges::find_if(commands, [&](const CLI::App* command) { return command->get_name() == word; });
    if (named != commands.end()) level = *named;
  }
  return "";
}

}  // namespace countersign::cli
