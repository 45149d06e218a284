// The list that --erasures takes: only one that the installation has signed, whole. One that was cut off or mangled
// must not pass for a shorter one, and nobody must have people erased by writing a line.

#include <gtest/gtest.h>

#include <fstream>

#include "adapters/keys/log_identity.h"
#include "adapters/notary/erasure_list.h"
#include "tests/support/installation.h"
#include "tools/countersignd/backup.h"

namespace countersign::server {
namespace {

struct ErasureLists : ::testing::Test {
  std::vector<keys::Subject> read(const std::string& text) {
    std::ofstream(settings.restore_erasures, std::ios::binary) << text;
    return read_erasures(settings, *keys);
  }
  std::string refusal(const std::string& text) {
    try {
      read(text);
    } catch (const StartRefused& refused) {
      return refused.what();
    }
    return "";
  }
  std::string signed_list(const std::vector<keys::Subject>& people) const {
    return notary::sign_erasures({keys::log_identity(*keys), 7, people}, keys->cluster().signing.key);
  }
  testing::Installation there;
  std::unique_ptr<keys::KeyStore> keys = keys::KeyStore::open(
      there.directory() / "keys", keys::load_master_key(there.master_file()), keys::KeyStore::Mode::open_existing);
  Settings settings = [this] {
    Settings made;
    made.restore_erasures = there.directory() / "erasures";
    return made;
  }();
  const std::vector<keys::Subject> two{{there.account, there.ada}, {there.account, there.bob}};
  const std::string row = there.account.text() + " " + there.bob.text();
};

TEST_F(ErasureLists, ThatAreSignedNameWhoWasErased) {
  EXPECT_EQ(read(signed_list({})), std::vector<keys::Subject>{});
  EXPECT_EQ(read(signed_list(two)), two);
}

TEST_F(ErasureLists, BeyondTheLengthOfOtherNotes) {
  const std::vector<keys::Subject> many(30'000, two.front());
  EXPECT_EQ(read(signed_list(many)).size(), many.size());
}

TEST_F(ErasureLists, ThatNobodyHasSignedAreRefused) {
  EXPECT_NE(refusal(row + "\n").find("is not signed"), std::string::npos) << refusal(row + "\n");
  EXPECT_NE(refusal(row + "\n").find(settings.restore_erasures), std::string::npos);
  EXPECT_NE(refusal("").find("is not signed"), std::string::npos);
}

TEST_F(ErasureLists, ThatWereChangedOrCutOffAreRefused) {
  const auto good = signed_list(two);
  auto more = good, other = good;
  more.replace(more.find("\n\n"), 1, "\n" + row + "\n");
  EXPECT_NE(refusal(more).find("is forged"), std::string::npos) << refusal(more);
  other.replace(other.find(there.ada.text()), there.ada.text().size(), there.bob.text());
  EXPECT_NE(refusal(other).find("is forged"), std::string::npos) << refusal(other);
  for (std::size_t size = 0; size < good.size(); size += 7)
    EXPECT_NE(refusal(good.substr(0, size)), "") << "cut off at " << size;
}

TEST_F(ErasureLists, OfAnotherInstallationAreRefused) {
  const testing::Installation elsewhere;
  const auto others = keys::KeyStore::open(
      elsewhere.directory() / "keys", keys::load_master_key(elsewhere.master_file()), keys::KeyStore::Mode::read_only);
  const auto& seed = others->cluster().signing.key;
  const auto theirs = notary::sign_erasures({keys::log_identity(*others), 7, two}, seed);
  EXPECT_NE(refusal(theirs).find("not signed by a key of this installation"), std::string::npos) << refusal(theirs);
  settings.restore_erasures_key =
      notary::VerifierKey{std::string(notary::erasures_key_name), keys::public_key_of(seed)}.text();
  EXPECT_NE(refusal(theirs).find("another installation's"), std::string::npos) << refusal(theirs);
}

TEST_F(ErasureLists, BySigningKeysBeforeAndAfterTheBackup) {
  const auto before = signed_list(two);
  ASSERT_FALSE(keys->rotate_signing());
  EXPECT_EQ(read(before), two) << "a former key's list";
  const keys::Key later(std::string_view("a signing key of a later day: 32"));
  const auto after = notary::sign_erasures({keys::log_identity(*keys), 7, two}, later);
  EXPECT_NE(refusal(after).find("--erasures-key"), std::string::npos) << refusal(after);
  settings.restore_erasures_key =
      notary::VerifierKey{std::string(notary::erasures_key_name), keys::public_key_of(later)}.text();
  EXPECT_EQ(read(after), two);
  settings.restore_erasures_key = "nonsense";
  EXPECT_NE(refusal(after).find("--erasures-key is no verifier key"), std::string::npos);
}

}  // namespace
}  // namespace countersign::server
