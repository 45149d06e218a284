#include "tools/bench/child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

namespace countersign::bench {
namespace {

[[noreturn]] void serve(const std::vector<std::string>& command, int output, const std::string& log,
                        std::optional<int> cpu) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(*cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  dup2(output, 1);
  if (const int errors = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600); errors >= 0) dup2(errors, 2);
  become(command);
}

}  // namespace

void become(const std::vector<std::string>& command) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::vector<char*> arguments;
  for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  execv(arguments[0], arguments.data());
  _exit(127);
}

Child::Child(std::vector<std::string> command, const std::filesystem::path& log, std::optional<int> cpu)
    : command_(std::move(command)), log_(log) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("no new process");
  if (pid_ == 0) serve(command_, ends[1], log_.string(), cpu);
  close(ends[1]);
  output_ = ends[0];
}

std::uint16_t Child::port(double seconds) {
  constexpr std::string_view mark = "http://127.0.0.1:";
  const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  std::string text;
  for (;;) {
    const auto at = text.find(mark);
    if (at != std::string::npos && text.find('\n', at) != std::string::npos)
      return static_cast<std::uint16_t>(std::stoi(text.substr(at + mark.size())));
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd wait{output_, POLLIN, 0};
    char piece[512];
    ssize_t got = 0;
    if (left.count() > 0 && poll(&wait, 1, static_cast<int>(left.count())) > 0)
      got = read(output_, piece, sizeof piece);
    if (got <= 0) throw std::runtime_error(command_.front() + " did not start; see " + log_.string());
    text.append(piece, static_cast<std::size_t>(got));
  }
}

void Child::stop() {
  if (pid_ <= 0) return;
  kill(pid_, SIGTERM);
  for (int tries = 0; tries < 600; ++tries) {
    if (waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  if (pid_ > 0) {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  close(output_);
}

std::uint64_t Child::resident_bytes() const {
  std::ifstream in("/proc/" + std::to_string(pid_) + "/statm");
  std::uint64_t size = 0, resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::uint64_t>(getpagesize());
}

std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool ok = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  if (!ok) throw std::runtime_error("no free port");
  return ntohs(address.sin_port);
}

std::optional<int> server_cpu() {
  return std::thread::hardware_concurrency() > 1 ? std::optional(0) : std::nullopt;
}

std::optional<int> load_cpu() {
  return std::thread::hardware_concurrency() > 1 ? std::optional(1) : std::nullopt;
}

}  // namespace countersign::bench
