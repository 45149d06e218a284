// countersignd: the server.

#include <csignal>
#include <cstdio>
#include <iostream>

#include "bus/background_threads.h"
#include "tools/countersign/text.h"
#include "tools/countersignd/node.h"

namespace {

using namespace countersign;

sigset_t handled_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, signal);
  return signals;
}

void announce(const server::Node& node, const server::Settings& settings) {
  std::cout << "countersignd " COUNTERSIGN_VERSION " is ready on " << node.url() << " (data in " << settings.data_dir
            << ", root key from " << node.root_key_origin() << ")" << std::endl;
}

int serve(const server::Settings& settings, server::Log& log) {
  // Signals are taken by sigtimedwait below; threads inherit the mask.
  const auto signals = handled_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  server::Node node(settings, log);
  announce(node, settings);
  for (;;) {
    const timespec second{1, 0};
    const int signal = sigtimedwait(&signals, nullptr, &second);
    if (signal == SIGHUP) {
      node.reload_files();
    } else if (signal == SIGTERM || signal == SIGINT) {
      log.write(server::LogLevel::info, "draining");
      node.stop();
      return 0;
    } else if (const auto why = node.ended(); !why.empty()) {
      log.write(server::LogLevel::error, why);
      return 1;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto settings = server::read_settings(argc, argv);
    if (!settings) return 0;
    server::Log log(settings->log_format, settings->log_level);
    for (const auto& name : settings->unknown_variables)
      log.write(server::LogLevel::warning, "there is no setting for this variable", {{"variable", name}});
    bus::lower_background_threads();
    return serve(*settings, log);
  } catch (const server::UsageError& error) {
    std::cerr << "countersignd: " << cli::escaped(error.text) << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "countersignd: " << cli::escaped(error.what()) << '\n';
    return 1;
  }
}
