// backup: a consistent copy of everything but the master key, made by the running server on its own disk.

#include "tools/countersign/session.h"

namespace countersign::cli {

void add_backup(CLI::App& app, Session& session) {
  auto* backup = app.add_subcommand("backup", "Copy the running server's log and keys (wrapped) into a directory");
  backup->footer(
      "Needs the root key. The directory is made on the server's machine and must not exist yet. The master key is not "
      "in it: keep that apart, for without it the copy can't be read. Views aren't in it: a restoration builds "
      "them.\n\n"
      "Exit status: 0 done, 1 refused or something was wrong, 2 the command line was not understood.");
  auto directory = std::make_shared<std::string>();
  backup->add_option("directory", *directory, "New directory on the server's machine")->required();
  backup->callback([&session, directory] {
    const auto absolute = std::filesystem::absolute(*directory).lexically_normal().string();
    session.show(session.api().post("/v1/backup", boost::json::object{{"directory", absolute}}));
  });
}

}  // namespace countersign::cli
