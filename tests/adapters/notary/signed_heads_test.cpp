// Signed heads on disk: what was written is found again, and what was not written by this installation is named.

#include "adapters/notary/signed_heads.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/ledger.h"
#include "tests/support/scratch_directory.h"

namespace countersign::notary {
namespace {

namespace fs = std::filesystem;
using testing::ScratchDirectory;

const domain::AccountId account{testing::uuid_of("account")}, other{testing::uuid_of("another account")};
const keys::Key seed(std::string_view("a seed that has 32 bytes of text")),
    foreign(std::string_view("a seed of somebody else: 32 byte"));

SignedHead head_of(std::uint64_t size, domain::AccountId of = account, const keys::Key& by = seed) {
  SignedHead head{
      {origin_of("example.com", of), keys::public_key_of(by)}, {}, {origin_of("example.com", of), {size, {}}}};
  head.note = sign_note(text_of(head.checkpoint), head.key.name, by);
  return head;
}

std::vector<keys::PublicKey> ours() {
  return {keys::public_key_of(seed)};
}

TEST(SignedHeads, TheLastOfEachKeyIsFoundAgain) {
  ScratchDirectory scratch;
  const fs::path directory = scratch / "heads";
  EXPECT_TRUE(read_signed_heads(directory, ours()).empty());
  write_signed_head(directory, account, head_of(7));
  write_signed_head(directory, account, head_of(9));
  write_signed_head(directory, other, head_of(3, other));
  const auto found = read_signed_heads(directory, ours());
  ASSERT_EQ(found.size(), 2u);
  for (const auto& head : found) {
    EXPECT_EQ(head.flaw, "");
    ASSERT_TRUE(head.head);
    EXPECT_EQ(head.head->checkpoint.head.size, head.account == account ? 9u : 3u);
    EXPECT_EQ(head.head->note, head_of(head.account == account ? 9 : 3, head.account).note);
  }
}

TEST(SignedHeads, OfTwoKeysStandBesideEachOther) {
  ScratchDirectory scratch;
  write_signed_head(scratch / "heads", account, head_of(7));
  write_signed_head(scratch / "heads", account, head_of(9, account, foreign));
  EXPECT_EQ(read_signed_heads(scratch / "heads", std::nullopt).size(), 2u);
}

TEST(SignedHeads, WhatWasBegunAndNotEndedIsPassedOver) {
  ScratchDirectory scratch;
  write_signed_head(scratch / "heads", account, head_of(7));
  const auto file = read_signed_heads(scratch / "heads", ours())[0].file;
  std::ofstream(file.string() + ".new") << "half";
  fs::create_directory(scratch / "heads/something else");
  EXPECT_EQ(read_signed_heads(scratch / "heads", ours()).size(), 1u);
}

TEST(SignedHeads, NamesWhatIsWrongWithEach) {
  const auto as_text = [](const SignedHead& head) { return head.key.text() + "\n" + head.note; };
  auto changed = head_of(7);
  changed.note.replace(changed.note.find("\n7\n"), 3, "\n8\n");
  auto renamed = head_of(7, other);
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "damaged"},
      {"nonsense", "damaged"},
      {head_of(7).note, "damaged"},
      {head_of(7).key.text() + "\nno note\n", "damaged"},
      {head_of(7).key.text() + "\n" + sign_note("no checkpoint\n", head_of(7).key.name, seed), "damaged"},
      {as_text(changed), "not signed by the key that it names"},
      {head_of(7).key.text() + "\n" + head_of(7, account, foreign).note, "not signed by the key that it names"},
      {as_text(head_of(7, account, foreign)), "isn't this installation's"},
      {as_text(renamed), "another log's"},
  };
  for (const auto& [text, flaw] : cases) {
    ScratchDirectory scratch;
    fs::create_directories(scratch / "heads/" + account_text(account));
    std::ofstream(scratch / "heads/" + account_text(account) + "/00000000") << text;
    const auto found = read_signed_heads(scratch / "heads", ours());
    ASSERT_EQ(found.size(), 1u);
    EXPECT_NE(found[0].flaw.find(flaw), std::string::npos) << text << ": " << found[0].flaw;
  }
}

TEST(SignedHeads, WithoutKeysNobodyKnowsWhoMadeThem) {
  ScratchDirectory scratch;
  write_signed_head(scratch / "heads", account, head_of(7, account, foreign));
  EXPECT_EQ(read_signed_heads(scratch / "heads", std::nullopt)[0].flaw, "");
}

TEST(SignedHeads, ThatCantBeWrittenNameTheFile) {
  ScratchDirectory scratch;
  write_signed_head(scratch / "heads", account, head_of(7));
  const auto file = read_signed_heads(scratch / "heads", ours())[0].file;
  fs::create_directory(file.string() + ".new");
  try {
    write_signed_head(scratch / "heads", account, head_of(8));
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
  }
  EXPECT_EQ(read_signed_heads(scratch / "heads", ours())[0].head->checkpoint.head.size, 7u);
}

}  // namespace
}  // namespace countersign::notary
