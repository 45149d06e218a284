#pragma once
// A PostgreSQL 15 of the benchmark's own: a cluster in a directory, reached by a socket in it, ended with this object.
// Spoken with by one psql that stays.

#include <filesystem>
#include <memory>
#include <string>

#include "tools/bench/child.h"

namespace countersign::bench {

class Postgres {
 public:
  /// Throws CannotRun when PostgreSQL 15 isn't installed (Debian's package postgresql-15).
  explicit Postgres(const std::filesystem::path& directory);
  ~Postgres();
  Postgres(const Postgres&) = delete;
  Postgres& operator=(const Postgres&) = delete;

  /// What psql prints: a line a row, commas between. Throws std::runtime_error with the server's words on an error.
  std::string ask(const std::string& sql);

 private:
  std::filesystem::path directory_;
  std::unique_ptr<Child> server_;
  int to_ = -1, from_ = -1;
  pid_t psql_ = -1;
};

}  // namespace countersign::bench
