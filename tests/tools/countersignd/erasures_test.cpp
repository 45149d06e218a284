// The list that --erasures takes: one that was cut off or mangled must not pass for a shorter one.

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/scratch_directory.h"
#include "tools/countersignd/backup.h"

namespace countersign::server {
namespace {

constexpr auto account = "acc_01m8d85wr6f7gr9rxd61n2mb33", user = "usr_01m8d85ww5fxdvxm2z3h2nz91b";

struct ErasureList : ::testing::Test {
  std::size_t entries(const std::string& text) {
    std::ofstream(file) << text;
    return read_erasures(file).size();
  }
  std::string refusal(const std::string& text) {
    try {
      entries(text);
    } catch (const StartRefused& refused) {
      return refused.what();
    }
    return "";
  }
  const testing::ScratchDirectory scratch;
  const std::filesystem::path file = scratch / "erasures";
  const std::string row = std::string(account) + " " + user;
};

TEST_F(ErasureList, HasALineAPerson) {
  EXPECT_EQ(entries(""), 0u);
  EXPECT_EQ(entries(row + "\n" + row + "\n"), 2u);
  EXPECT_EQ(entries(row + "\r\n\n" + row), 2u);
}

TEST_F(ErasureList, ThatWasCutOffOrMangledIsRefusedWithItsLine) {
  const auto expected = [&](int line) {
    return file.string() + ":" + std::to_string(line) + ": 'acc_... usr_...' is expected";
  };
  EXPECT_EQ(refusal(std::string(account) + "\n"), expected(1));
  EXPECT_EQ(refusal(row + "\n" + account), expected(2));
  EXPECT_EQ(refusal(row + "\n" + row.substr(0, row.size() - 3)), expected(2));
  EXPECT_EQ(refusal(row + " " + row + "\n"), expected(1));
  EXPECT_EQ(refusal("nonsense\n"), expected(1));
  EXPECT_NE(refusal(std::string("\n") + user + " " + account), "");
}

}  // namespace
}  // namespace countersign::server
