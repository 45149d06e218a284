#include "tools/countersign/profile.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

class ProfileFile : public testing::Test {
 protected:
  ProfileFile() {
    char name[] = "/tmp/countersign-profile-XXXXXX";
    directory_ = ::mkdtemp(name);
    ::unsetenv("COUNTERSIGN_KEY");
    ::unsetenv("COUNTERSIGN_SERVER");
    ::unsetenv("COUNTERSIGN_CA_FILE");
  }
  ~ProfileFile() override { std::filesystem::remove_all(directory_); }
  std::filesystem::path file() const { return directory_ / "countersign" / "profile.json"; }
  void write(const std::string& text, mode_t mode) {
    std::filesystem::create_directories(file().parent_path());
    std::ofstream(file()) << text;
    ::chmod(file().c_str(), mode);
  }
  std::filesystem::path directory_;
};

TEST_F(ProfileFile, IsReadAsItWasWrittenAndOnlyByItsOwner) {
  save_profile(file(), {"https://codes.example", "cskey_x", "/ca.pem"});
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  const auto read = load_profile(file());
  ASSERT_TRUE(read);
  EXPECT_EQ(read->server, "https://codes.example");
  EXPECT_EQ(read->key, "cskey_x");
  EXPECT_EQ(read->ca_file, "/ca.pem");
}

TEST_F(ProfileFile, MayBeMissing) {
  EXPECT_FALSE(load_profile(file()));
}

TEST_F(ProfileFile, IsRefusedWhenOthersCanReadIt) {
  write(R"({"server":"http://127.0.0.1:1","key":"k","ca_file":""})", 0640);
  EXPECT_THROW(load_profile(file()), LocalError);
}

TEST_F(ProfileFile, IsRefusedWhenItIsNotOne) {
  for (const char* text : {"", "[]", "{\"server\":1}", "nonsense"}) {
    write(text, 0600);
    EXPECT_THROW(load_profile(file()), LocalError) << text;
  }
}

TEST_F(ProfileFile, ItsKeyGoesToItsServerOnly) {
  const Profile stored{"http://127.0.0.1:1", "secret", "/ca.pem"};
  Options options;
  EXPECT_EQ(chosen(options, stored).key, "secret");
  EXPECT_EQ(chosen(options, stored).server, "http://127.0.0.1:1");
  options.server = "http://127.0.0.1:2";
  EXPECT_EQ(chosen(options, stored).key, "");
  EXPECT_EQ(chosen(options, stored).ca_file, "");
}

TEST_F(ProfileFile, AKeyFileGoesBeforeTheEnvironmentBeforeTheProfile) {
  const Profile stored{"http://127.0.0.1:1", "from profile", ""};
  Options options;
  ::setenv("COUNTERSIGN_KEY", "from environment", 1);
  EXPECT_EQ(chosen(options, stored).key, "from environment");
  std::ofstream(directory_ / "key") << "  from file \nsecond line\n";
  options.key_file = directory_ / "key";
  EXPECT_EQ(chosen(options, stored).key, "from file");
  ::unsetenv("COUNTERSIGN_KEY");
}

TEST_F(ProfileFile, AnEmptyKeyFileIsAnError) {
  std::ofstream(directory_ / "key") << "\n";
  EXPECT_THROW(read_key_file(directory_ / "key"), LocalError);
  EXPECT_THROW(read_key_file(directory_ / "missing"), LocalError);
}

}  // namespace
}  // namespace countersign::cli
