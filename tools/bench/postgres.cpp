#include "tools/bench/postgres.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <thread>

#include "tools/bench/measure.h"

namespace countersign::bench {
namespace {

const std::string programs = "/usr/lib/postgresql/15/bin/";
constexpr std::string_view end_mark = "--end--\n";

/// PostgreSQL refuses to run as root: then as the user that its package made.
std::vector<std::string> as_its_user(std::vector<std::string> command) {
  if (geteuid() != 0) return command;
  command.insert(command.begin(), {"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"});
  return command;
}

pid_t start(const std::vector<std::string>& command, int in, int out, int errors) {
  const pid_t child = fork();
  if (child != 0) return child;
  dup2(in, 0);
  dup2(out, 1);
  dup2(errors, 2);
  become(command);
}

}  // namespace

Postgres::Postgres(const std::filesystem::path& directory) : directory_(directory) {
  if (access((programs + "postgres").c_str(), X_OK) != 0) throw CannotRun{"postgresql-15 isn't installed"};
  std::filesystem::create_directories(directory_);
  if (geteuid() == 0) {
    const auto* user = getpwnam("postgres");
    if (!user || chown(directory_.c_str(), user->pw_uid, user->pw_gid) != 0)
      throw CannotRun{"there is no user postgres to run PostgreSQL as"};
  }
  const auto cluster = (directory_ / "cluster").string();
  const int log = open((directory_ / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  int status = 0;
  waitpid(
      start(as_its_user({programs + "initdb", "-D", cluster, "-A", "trust", "-U", "bench", "--no-sync"}), 0, log, log),
      &status, 0);
  if (status != 0) throw std::runtime_error("initdb failed; see " + (directory_ / "log").string());
  server_ = std::make_unique<Child>(
      as_its_user({programs + "postgres", "-D", cluster, "-k", directory_.string(), "-c", "listen_addresses=", "-c",
                   "shared_buffers=3GB", "-c", "work_mem=256MB", "-c", "maintenance_work_mem=1GB", "-c",
                   "max_wal_size=8GB", "-c", "fsync=off"}),
      directory_ / "log");
  int to[2], from[2];
  if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  for (const Stopwatch watch; !std::filesystem::exists(directory_ / ".s.PGSQL.5432");) {
    if (watch.seconds() > 60)
      throw std::runtime_error("PostgreSQL did not start; see " + (directory_ / "log").string());
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  psql_ = start({programs + "psql", "-h", directory_.string(), "-U", "bench", "-d", "postgres", "-XqtA", "-F", ","},
                to[0], from[1], from[1]);
  close(to[0]);
  close(from[1]);
  close(log);
  to_ = to[1];
  from_ = from[0];
  ask("select 1");
}

Postgres::~Postgres() {
  close(to_);
  close(from_);
  if (psql_ > 0) waitpid(psql_, nullptr, 0);
}

std::string Postgres::ask(const std::string& sql) {
  const auto text = sql + ";\n\\echo --end--\n";
  if (write(to_, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
    throw std::runtime_error("psql has ended");
  std::string answer;
  while (!answer.ends_with(end_mark)) {
    char piece[64 * 1024];
    const auto got = read(from_, piece, sizeof piece);
    if (got <= 0) throw std::runtime_error("psql has ended: " + answer);
    answer.append(piece, static_cast<std::size_t>(got));
  }
  answer.resize(answer.size() - end_mark.size());
  if (answer.find("ERROR:") != std::string::npos) throw std::runtime_error("PostgreSQL: " + answer);
  return answer;
}

}  // namespace countersign::bench
