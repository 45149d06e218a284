// countersign-keys: the keys of an installation: changes the master key or the signing key, shows which keys there are.
//
// Exit: 0 done, 1 it didn't work, 2 not understood. Errors go to stderr; no secret is ever printed.

#include <CLI/CLI.hpp>
#include <iostream>

#include "tools/countersign/text.h"
#include "tools/keys/master_change.h"

int main(int argc, char** argv) {
  using namespace countersign;
  CLI::App app("Looks after the keys of a Countersign installation.");
  app.footer(R"(
  countersign-keys show --data-dir data
  countersign-keys rotate-master --data-dir data --new-master-key-file master-key.new
  countersign-keys rotate-signing --data-dir data

Exit status: 0 done, 1 it didn't work, 2 the command line was not understood.)");
  app.set_version_flag("--version", "countersign-keys " COUNTERSIGN_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  key_tool::MasterChange change;
  app.add_option("--data-dir", change.data_directory, "Data directory")->required()->check(CLI::ExistingDirectory);
  app.add_option("--master-key-file", change.old_file, "Master key (<data-dir>/master-key)")->check(CLI::ExistingFile);
  auto* rotate =
      app.add_subcommand("rotate-master", "Wrap all keys under a new master key; the server must be stopped");
  rotate->add_option("--new-master-key-file", change.new_file, "The new master key: made unless it exists")->required();
  auto* rotate_signing =
      app.add_subcommand("rotate-signing", "Sign checkpoints by a new key; the server must be stopped");
  app.add_subcommand("show", "Ids of the keys, no secrets");
  try {
    app.parse(argc, argv);
    if (*rotate) {
      std::cout << key_tool::change_master(change) << '\n';
    } else if (*rotate_signing) {
      std::cout << key_tool::change_signing(change.data_directory, change.old_file) << '\n';
    } else {
      for (const auto& line : key_tool::key_ids(change.data_directory, change.old_file)) std::cout << line << '\n';
    }
    return 0;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    app.exit(error, std::cerr, std::cerr);
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "countersign-keys: " << cli::escaped(error.what()) << '\n';
    return 1;
  }
}
