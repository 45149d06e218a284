#pragma once
// Everybody whom a log says to have been erased, as the signed list that `countersignd --restore --erasures` takes.

#include "adapters/notary/erasure_list.h"
#include "tools/replay/audited_log.h"

namespace countersign::replay {

/// `also`: a file with more people, "acc_... usr_..." a line, who are known from elsewhere to have been erased; empty
/// for none. Throws std::runtime_error: the log or that file can't be read.
notary::ErasureList erasures(AuditedLog& log, const std::filesystem::path& also, const Progress& progress);

/// Signed by the installation's signing key. Throws std::runtime_error without it.
std::string signed_erasures(const Source& source, const std::filesystem::path& also, const Progress& progress);

}  // namespace countersign::replay
