#include "adapters/cluster/snapshot.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/adapters/cluster/nodes.h"
#include "tests/support/file_bytes.h"
#include "tests/support/scratch_directory.h"

namespace countersign::cluster {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t version = 7;

class ASnapshot : public ::testing::Test {
 protected:
  void copy_to(const fs::path& directory) {
    if (fails) throw std::runtime_error("the disk is on fire");
    fs::create_directory(directory);
    std::ofstream(directory / "CURRENT") << "MANIFEST-000001\n";
    std::ofstream(directory / "000003.sst") << std::string(3'000'000, 's');
    if (copied) copied();
  }
  std::vector<http::Route> routes() { return {source.route()}; }

  std::string asked(const SnapshotPeer& peer, std::uint32_t wanted = version, std::uint64_t most = 1 << 30,
                    const keys::Key& key = test::our_key) {
    fs::remove_all(received);
    const auto certificate = test::certificate_of("node-2", {}, key);
    try {
      fetch_snapshot(*certificate, peer, wanted, received, {.most_bytes = most});
      return "";
    } catch (const std::runtime_error& error) {
      return error.what();
    }
  }

  testing::ScratchDirectory scratch;
  const fs::path received = scratch / "received", sending = scratch / "sending";
  bool fails = false;
  std::function<void()> copied;
  bool current = true;
  SnapshotSource source{[this](const fs::path& directory) { copy_to(directory); }, [this] { return current; }, sending,
                        version};
  test::InnerServer server{test::certificate_of("node-1"), routes()};
};

TEST_F(ASnapshot, ComesWholeAndLeavesNothingBehind) {
  EXPECT_EQ(asked({"node-1", server.url()}), "");
  EXPECT_EQ(testing::file_bytes(received / "CURRENT"), "MANIFEST-000001\n");
  EXPECT_EQ(testing::file_bytes(received / "000003.sst"), std::string(3'000'000, 's'));
  EXPECT_EQ(asked({"node-1", server.url()}), "") << "again";
  EXPECT_FALSE(fs::exists(sending));
}

TEST_F(ASnapshot, OfAKilledSenderIsMadeAnew) {
  fs::create_directory(sending);
  std::ofstream(sending / "000009.sst") << "old";
  EXPECT_EQ(asked({"node-1", server.url()}), "");
  EXPECT_FALSE(fs::exists(received / "000009.sst"));
}

TEST_F(ASnapshot, IsNotHadFromAnybodyElse) {
  EXPECT_THAT(asked({"node-3", server.url()}), ::testing::HasSubstr("another node is there"));
  EXPECT_NE(asked({"node-1", server.url()}, version, 1 << 30, test::other_key), "");
  EXPECT_NE(asked({"node-1", "https://127.0.0.1:1"}), "");
  EXPECT_THAT(asked({"node-1", "http://127.0.0.1:80"}), ::testing::HasSubstr("https://<host>:<port>"));
}

TEST_F(ASnapshot, OfAnotherVersionIsRefused) {
  EXPECT_THAT(asked({"node-1", server.url()}, version + 1), ::testing::HasSubstr("409"));
}

TEST_F(ASnapshot, IsNotHadFromANodeThatIsBehindItself) {
  current = false;
  EXPECT_THAT(asked({"node-1", server.url()}), ::testing::HasSubstr("answers 503"));
}

TEST_F(ASnapshot, ThatIsTooLargeIsRefused) {
  EXPECT_THAT(asked({"node-1", server.url()}, version, 1'000), ::testing::HasSubstr("room"));
}

TEST_F(ASnapshot, ThatCantBeMadeIsAnAnswer) {
  fails = true;
  EXPECT_THAT(asked({"node-1", server.url()}), ::testing::HasSubstr("answers 500"));
  fails = false;
  EXPECT_EQ(asked({"node-1", server.url()}), "") << "nothing is left of the failure";
}

TEST_F(ASnapshot, IsMadeOneAtATime) {
  std::string second;
  copied = [&] {
    copied = nullptr;
    const auto certificate = test::certificate_of("node-3");
    try {
      fetch_snapshot(*certificate, {"node-1", server.url()}, version, scratch / "second", {.most_bytes = 1 << 30});
    } catch (const std::runtime_error& error) {
      second = error.what();
    }
  };
  EXPECT_EQ(asked({"node-1", server.url()}), "");
  EXPECT_THAT(second, ::testing::HasSubstr("answers 503"));
}

}  // namespace
}  // namespace countersign::cluster
