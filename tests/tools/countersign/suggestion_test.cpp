#include "tools/countersign/suggestion.h"

#include <gtest/gtest.h>

namespace countersign::cli {
namespace {

/// What is said about a command line.
std::string said(std::vector<std::string> words) {
  CLI::App app("test");
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag("--json");
  auto* users = app.add_subcommand("users");
  users->require_subcommand(1);
  users->add_subcommand("list")->add_option("--limit");
  users->add_subcommand("import")->add_option("file")->required();
  app.add_subcommand("login");
  app.add_subcommand("logout");
  const auto in_order = words;
  std::ranges::reverse(words);  // as CLI11 wants them
  try {
    app.parse(words);
  } catch (const CLI::ParseError&) {
    return unknown_command(app, in_order);
  }
  return "understood";
}

TEST(Suggestion, NamesTheWordAndTheNearestCommand) {
  EXPECT_EQ(said({"frobnicate"}), "there is no command 'frobnicate': there are users, login, logout");
  EXPECT_EQ(said({"user"}), "there is no command 'user': did you mean 'users'?");
  EXPECT_EQ(said({"--json", "logn"}), "there is no command 'logn': did you mean 'login'?");
  EXPECT_EQ(said({"users", "frob"}), "users has no command 'frob': there are list, import");
  EXPECT_EQ(said({"users", "lst"}), "users has no command 'lst': did you mean 'list'?");
  EXPECT_EQ(said({"users", "imp", "people.csv"}), "users has no command 'imp': did you mean 'import'?");
  EXPECT_EQ(said({"\x1b[2J"}), "there is no command '\\u{1b}[2J': there are users, login, logout");
}

TEST(Suggestion, SaysNothingAboutOtherMistakes) {
  EXPECT_EQ(said({}), "");
  EXPECT_EQ(said({"users"}), "");
  EXPECT_EQ(said({"users", "import"}), "");
  EXPECT_EQ(said({"users", "list", "surplus"}), "");
  EXPECT_EQ(said({"--jsn", "users", "list"}), "");
  EXPECT_EQ(said({"users", "list"}), "understood");
}

TEST(Suggestion, DistanceCountsLetters) {
  EXPECT_EQ(distance("", "abc"), 3u);
  EXPECT_EQ(distance("kitten", "sitting"), 3u);
  EXPECT_EQ(distance("same", "same"), 0u);
}

}  // namespace
}  // namespace countersign::cli
