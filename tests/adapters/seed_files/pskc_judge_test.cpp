// Random files that another implementation wrote, cut at random.

#include <cstdlib>
#include <random>
#include <sstream>

#include "adapters/keys/rfc4648.h"
#include "tests/adapters/keys/scratch_directory.h"
#include "tests/adapters/seed_files/read_file.h"

namespace countersign::seed_files {
namespace {

FileKey key_of(const std::string& line) {
  if (line.starts_with("key ")) return PresharedKey{keys::SecretBytes(*keys::parse_base16(line.substr(4)))};
  if (line.starts_with("passphrase ")) return Passphrase{keys::SecretBytes(line.substr(11))};
  return {};
}

TEST(Pskc, WhatAnotherImplementationWroteIsRead) {
  constexpr int files = 300;
  const keys::test::ScratchDirectory scratch;
  const auto command =
      "python3 -B " COUNTERSIGN_PSKC_WRITER " " + scratch.path().string() + " " + std::to_string(files) + " 6030";
  ASSERT_EQ(std::system(command.c_str()), 0);
  std::mt19937 random(6030);
  std::size_t tokens = 0;
  for (int i = 0; i < files; ++i) {
    const auto file = scratch / (std::to_string(i) + ".xml");
    std::istringstream expected(keys::test::bytes_of(file.string() + ".expected"));
    std::string opened_by;
    std::getline(expected, opened_by);
    test::Lines lines;
    for (std::string line; std::getline(expected, line);) lines.push_back(line);
    const std::size_t piece = 1 + random() % 3'000;
    const auto outcome = test::read_pskc(keys::test::bytes_of(file), key_of(opened_by), piece);
    ASSERT_EQ(outcome.failure, "") << i << ": " << outcome.failure_detail;
    ASSERT_EQ(outcome.rows, lines) << i << ", opened by " << opened_by;
    tokens += lines.size();
  }
  EXPECT_GT(tokens, 2'000u);
}

}  // namespace
}  // namespace countersign::seed_files
