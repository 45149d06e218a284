// audit-key: the account's key for an auditor, who then reads a copy of the log without the master key.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "tools/countersign/session.h"

namespace countersign::cli {
namespace {

/// A new file that only its owner may read, made before the key is asked for: one that was handed out and could not be
/// kept would be a critical event for nothing. A former file, perhaps of another account, stays.
class NewFile {
 public:
  explicit NewFile(std::string name)
      : name_(std::move(name)), fd_(::open(name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
    if (fd_ < 0) throw std::runtime_error(name_ + " can't be made: " + std::strerror(errno));
  }
  ~NewFile() {
    ::close(fd_);
    if (!kept_) ::unlink(name_.c_str());
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  void keep(const std::string& line) {
    kept_ = ::write(fd_, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && ::fsync(fd_) == 0;
    if (!kept_) throw std::runtime_error(name_ + " can't be written: " + std::strerror(errno));
  }

 private:
  const std::string name_;
  const int fd_;
  bool kept_ = false;
};

}  // namespace

void add_audit_key(CLI::App& app, Session& session) {
  auto* audit = app.add_subcommand("audit-key", "Hand out the account's key to an auditor");
  audit->require_subcommand(1);
  auto* exported = audit->add_subcommand("export", "Get the key that opens everything sealed of the account");
  exported->footer(
      "It opens profiles, addresses, device names and the texts of registration codes of this account, before and "
      "after, for whoever has a copy of log/ and keys/; and it can't be taken back. That it was handed out is a "
      "critical event. An auditor uses it with countersign-replay --audit-key FILE.\n\n"
      "Exit status: 0 done, 1 refused or something was wrong, 2 the command line was not understood.");
  struct Wanted {
    std::string account, file;
  };
  auto wanted = std::make_shared<Wanted>();
  exported->add_option("--account", wanted->account, "acc_...: refused when the API key is another account's");
  exported->add_option("--out", wanted->file, "New file (0600) for the key, instead of showing it");
  exported->callback([&session, wanted] {
    boost::json::object body;
    if (!wanted->account.empty()) body["account"] = wanted->account;
    std::optional<NewFile> file;
    if (!wanted->file.empty()) file.emplace(wanted->file);
    auto made = session.api().post("/v1/audit-keys", body);
    if (!file) return session.show(made);
    file->keep(std::string(made.at("key").as_string()) + "\n");
    made.erase("key");
    made["file"] = wanted->file;
    session.show(made);
  });
}

}  // namespace countersign::cli
