#pragma once
// A child process that serves something: started, waited for until it says where it listens, ended by its own id. It
// ends with this process whatever happens.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace countersign::bench {

class Child {
 public:
  /// `cpu`: the only one that it may run on. What it prints to standard error goes to `log`.
  Child(std::vector<std::string> command, const std::filesystem::path& log, std::optional<int> cpu = {});
  ~Child() { stop(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The port in the first line of its output that names an http://127.0.0.1 address. Throws when there is none in
  /// time.
  std::uint16_t port(double seconds = 60);
  /// SIGTERM, and SIGKILL if it hasn't ended after a while.
  void stop();
  pid_t pid() const { return pid_; }
  /// Resident memory now, bytes.
  std::uint64_t resident_bytes() const;

 private:
  std::vector<std::string> command_;
  std::filesystem::path log_;
  pid_t pid_ = -1;
  int output_ = -1;
};

/// In a fork's child: becomes this program, and ends with its parent.
[[noreturn]] void become(const std::vector<std::string>& command);

/// A port of 127.0.0.1 that was free a moment ago.
std::uint16_t free_port();

/// With two CPUs or more: servers under look-ups run on the first, what loads them on the second.
std::optional<int> server_cpu();
std::optional<int> load_cpu();

}  // namespace countersign::bench
