#include "adapters/cluster/directory_archive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tests/support/file_bytes.h"
#include "tests/support/scratch_directory.h"

namespace countersign::cluster {
namespace {

namespace fs = std::filesystem;

class AnArchive : public ::testing::Test {
 protected:
  AnArchive() {
    fs::create_directory(from);
    put("000012.sst", std::string(300'000, 'x') + '\0' + "end");
    put("CURRENT", "MANIFEST-000004\n");
    put("EMPTY", "");
    put("OPTIONS-000007", "file 3 looks-like-an-entry\nend 0\n");
  }

  void put(const std::string& name, const std::string& bytes) const {
    std::ofstream(from / name, std::ios::binary) << bytes;
  }
  static std::map<std::string, std::string> files(const fs::path& directory) {
    std::map<std::string, std::string> found;
    for (const auto& entry : fs::directory_iterator(directory))
      found[entry.path().filename()] = testing::file_bytes(entry.path()).value();
    return found;
  }
  std::string archive(std::size_t piece = 64 << 10) const {
    ArchiveWriter writer(from);
    std::string all;
    for (auto next = writer.next(piece); !next.empty(); next = writer.next(piece)) all += next;
    return all;
  }
  void take(const std::string& bytes, std::size_t piece = 1 << 20, std::uint64_t most = 1 << 20) {
    fs::remove_all(to);
    ArchiveReader reader(to, most);
    for (std::size_t at = 0; at < bytes.size(); at += piece) reader.take(std::string_view(bytes).substr(at, piece));
    complete = reader.complete();
  }
  void refused(const std::string& bytes, const std::string& because) {
    complete = false;
    try {
      take(bytes);
      EXPECT_FALSE(complete) << because;
    } catch (const std::runtime_error& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr(because));
      EXPECT_THAT(error.what(), ::testing::HasSubstr(to.string()));
    }
  }

  testing::ScratchDirectory scratch;
  const fs::path from = scratch / "from", to = scratch / "to";
  bool complete = false;
};

TEST_F(AnArchive, HasEveryFileWithItsBytes) {
  for (const std::size_t piece : {1, 7, 4096, 1 << 20}) {
    take(archive(piece), piece);
    EXPECT_TRUE(complete);
    EXPECT_EQ(files(to), files(from));
  }
}

TEST_F(AnArchive, ThatIsCutOffIsNotComplete) {
  const auto all = archive();
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{10}, std::size_t{5'000}, all.size() - 7, all.size() - 1}) {
    take(all.substr(0, length));
    EXPECT_FALSE(complete) << length;
  }
}

TEST_F(AnArchive, ThatWasChangedIsRefused) {
  auto bytes = archive();
  bytes[1'000] ^= 1;
  refused(bytes, "000012.sst was changed");
  refused("something else\n", "doesn't begin as one");
  refused("countersign-directory 2\n", "doesn't begin as one");
  refused(archive() + "x", "follows its end");
  refused("countersign-directory 1\nend 1\n", "another number of files");
  refused("countersign-directory 1\n" + std::string(600, 'x'), "too long");
}

TEST_F(AnArchive, LeadsNowhereElse) {
  for (const std::string name : {"../evil", "/etc/evil", ".hidden", "a/b", "", "a b", "..", "CURRENT\x01"})
    refused("countersign-directory 1\nfile 0 " + name + "\n", "an entry can't be read");
  refused("countersign-directory 1\nfile -1 CURRENT\n", "an entry can't be read");
  const std::string empty = "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n";
  refused("countersign-directory 1\nfile 0 a\n" + empty + "file 0 a\n", "File exists");
}

TEST_F(AnArchive, IsBounded) {
  EXPECT_THROW(take(archive(), 1 << 20, 1'000), std::runtime_error);
  EXPECT_THROW(take("countersign-directory 1\nfile 18446744073709551615 a\n"), std::runtime_error);
}

TEST_F(AnArchive, IsNotUnpackedOverSomethingElse) {
  fs::create_directory(to);
  EXPECT_THROW(ArchiveReader(to, 1'000), std::runtime_error);
}

}  // namespace
}  // namespace countersign::cluster
