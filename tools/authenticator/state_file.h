#pragma once
// Where a software device keeps its seeds: one file, encrypted under a passphrase.
//
//   "countersign-authenticator 1\n" | salt (16) | nonce (12) | AES-256-GCM of the contents, associated with all before
//
// The key is scrypt's (RFC 7914; N = 2^17, r = 8, p = 1: 128 MiB and some 0.3 s a try) of passphrase and salt. Both are
// drawn anew with each write. Nobody else may change the file while an object lives: it holds a lock beside it.

#include <string>

#include "tools/countersign/private_file.h"

namespace countersign::authenticator {

inline constexpr std::size_t least_passphrase = 8;

class StateFile {
 public:
  /// Waits for whoever has it. Throws cli::LocalError when it can't be opened, or the passphrase is wrong.
  StateFile(std::filesystem::path file, std::string passphrase);
  ~StateFile();
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  static bool exists(const std::filesystem::path& file) { return std::filesystem::exists(file); }
  /// Empty when there is no file yet.
  const std::string& contents() const { return contents_; }
  /// Durable when it returns.
  void write(std::string_view contents);

 private:
  const std::filesystem::path file_;
  const std::string passphrase_;
  std::string contents_;
  int lock_ = -1;
};

}  // namespace countersign::authenticator
