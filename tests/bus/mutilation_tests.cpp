// A log whose files were mutilated opens whole or is refused; it is never silently short and never changed. Each
// mutilation runs in a child process, because Debian's RocksDB is built with assertions that end the process.

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "bus/embedded_log.h"
#include "tests/support/file_bytes.h"
#include "tests/support/log_calls.h"
#include "tests/support/scratch_directory.h"

namespace countersign::bus {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  return testing::file_bytes(path).value_or("");
}

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::vector<fs::path> files_below(const fs::path& directory) {
  std::vector<fs::path> files;
  for (const auto& file : fs::recursive_directory_iterator(directory)) {
    if (file.is_regular_file()) files.push_back(file.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string record_of(int number) {
  return "record " + std::to_string(number) + std::string(static_cast<std::size_t>(200 + number * 37 % 900), 'x');
}

constexpr int records = 300;
constexpr int older_records = 200;

enum Ending { whole = 0, refused = 1, silently_wrong = 2 };

class Mutilations : public ::testing::Test {
 protected:
  static EmbeddedLogOptions options_in(const std::string& home) {
    EmbeddedLogOptions options;
    options.directory = home + "/log";
    options.anchor_mirror = home + "/mirror";
    options.identity = testing::test_identity();
    options.memtable_bytes = 64 << 10;  // several tables and a write-ahead log
    return options;
  }

  /// The log as it was with `older_records`, and as it is.
  void SetUp() override {
    fs::create_directory(scratch / "now");
    fill(0, older_records);
    fs::copy(scratch / "now", scratch / "older", fs::copy_options::recursive);
    fill(older_records, records);
  }
  void fill(int from, int to) {
    EmbeddedLog log(options_in(scratch / "now"));
    for (int i = from; i < to; ++i) ASSERT_EQ(testing::append(log, record_of(i)).outcome, AppendOutcome::durable);
  }

  /// What became of the log in `home`, in a process of its own; nothing when RocksDB's assertions ended it.
  static std::optional<Ending> open_in_child(const std::string& home) {
    const pid_t child = fork();
    if (child == 0) {
      if (!std::freopen("/dev/null", "w", stderr)) _exit(refused);
      _exit(open_and_read(home));
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status)) return std::nullopt;
    return static_cast<Ending>(WEXITSTATUS(status));
  }

  static Ending open_and_read(const std::string& home) {
    try {
      EmbeddedLog log(options_in(home));
      const auto read = testing::read_all(log);
      if (read.size() != records) return silently_wrong;
      for (int i = 0; i < records; ++i) {
        if (read[static_cast<std::size_t>(i)] != record_of(i)) return silently_wrong;
      }
      return whole;
    } catch (const LogRefused&) {
      return refused;
    } catch (const boost::system::system_error&) {
      return refused;
    }
  }

  /// Says what it did.
  std::string mutilate(const std::string& home) {
    auto files = files_below(home);
    const fs::path victim = files[draw(files.size())];
    std::string bytes = content_of(victim);
    const std::string name = victim.filename().string();
    switch (draw(9)) {
      case 0: fs::resize_file(victim, draw(bytes.size() + 1)); return "cut " + name;
      case 1:
      case 2:
      case 3:
        if (bytes.empty()) return "left " + name;
        for (std::size_t flips = 1 + draw(3) / 2; flips > 0; --flips) {
          char& byte = bytes[draw(bytes.size())];
          byte = static_cast<char>(byte ^ (1 << draw(8)));
        }
        write_file(victim, bytes);
        return "flipped bits in " + name;
      case 4: fs::remove(victim); return "removed " + name;
      case 5: {
        const fs::path other = files[draw(files.size())];
        const std::string theirs = content_of(other);
        write_file(other, bytes);
        write_file(victim, theirs);
        return "swapped " + name + " and " + other.filename().string();
      }
      case 6: {
        const fs::path older = fs::path(scratch / "older") / fs::relative(victim, home);
        if (!fs::exists(older)) return "left " + name;
        fs::copy_file(older, victim, fs::copy_options::overwrite_existing);
        return "put back an older " + name;
      }
      case 7: {
        const std::string part = draw(2) == 0 ? "/log" : "/log/db";
        fs::remove_all(home + part);
        fs::copy((scratch / "older") + part, home + part, fs::copy_options::recursive);
        return "put back an older " + part;
      }
      default: {
        const std::size_t from = draw(bytes.size() + 1);
        for (std::size_t i = from; i < std::min(bytes.size(), from + 512); ++i) bytes[i] = 0;
        write_file(victim, bytes);
        return "zeroed a part of " + name;
      }
    }
  }
  std::size_t draw(std::size_t bound) {
    seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
    return (seed_ >> 33) % bound;
  }

  testing::ScratchDirectory scratch;
  std::uint64_t seed_ = 0;
  void begin(std::uint64_t seed) { seed_ = seed * 0x9e3779b97f4a7c15u; }
};

TEST_F(Mutilations, TwoThousandOfThemLeaveTheLogWholeOrRefused) {
  std::array<int, 2> endings{};
  int asserted = 0;
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    begin(seed);
    const std::string home = scratch / "mutilated";
    fs::remove_all(home);
    fs::copy(scratch / "now", home, fs::copy_options::recursive);
    const std::string what = mutilate(home);
    const auto ending = open_in_child(home);
    if (!ending) {
      ++asserted;
      continue;
    }
    ASSERT_NE(*ending, silently_wrong) << "seed " << seed << ": " << what;
    ++endings[*ending];
  }
  std::cout << endings[whole] << " opened whole, " << endings[refused] << " refused, " << asserted
            << " stopped by an assertion in RocksDB\n";
  EXPECT_GT(endings[whole], 100);
  EXPECT_GT(endings[refused], 500);
}

TEST_F(Mutilations, AMissingFileThatMattersIsRefusedOneByOne) {
  for (const auto& file : files_below(scratch / "now")) {
    const std::string home = scratch / "mutilated";
    fs::remove_all(home);
    fs::copy(scratch / "now", home, fs::copy_options::recursive);
    const std::string name = file.filename().string();
    fs::remove(fs::path(home) / fs::relative(file, scratch / "now"));
    const bool may_open = name == "LOCK" || name == "IDENTITY" || name.starts_with("OPTIONS") || name == "mirror";
    EXPECT_EQ(open_in_child(home), may_open ? whole : refused) << name;
  }
}

/// Beyond the anchor nothing was acknowledged: a torn record there is dropped and the log goes on.
TEST_F(Mutilations, ATornRecordThatWasNeverAcknowledgedIsDropped) {
  const std::string home = scratch / "now";
  const std::string anchor = content_of(home + "/log/anchor");
  const std::string mirror = content_of(home + "/mirror");
  {
    EmbeddedLog log(options_in(home));
    testing::append(log, "in flight when the power went");
  }
  write_file(home + "/log/anchor", anchor);
  write_file(home + "/mirror", mirror);
  for (const auto& file : files_below(home + "/log/db")) {
    if (file.extension() == ".log") fs::resize_file(file, fs::file_size(file) - 5);
  }
  EXPECT_EQ(open_in_child(home), whole);
}

}  // namespace
}  // namespace countersign::bus
