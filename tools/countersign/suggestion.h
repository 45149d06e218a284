#pragma once
// A word on the command line that is no command: which one it is, and which one may have been meant.

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace countersign::cli {

/// For people; empty when it isn't a command that parsing `words` has failed at.
std::string unknown_command(const CLI::App& app, const std::vector<std::string>& words);

/// Letters to change, leave out or put in to come from one to the other (Levenshtein).
std::size_t distance(std::string_view from, std::string_view to);

}  // namespace countersign::cli
