#pragma once
// What can go wrong with keys while the server runs. Failures at start (wrong master key, unreadable file) are
// StartError with a text for the operator that says what and where.

#include <boost/system/error_code.hpp>
#include <stdexcept>

namespace countersign::keys {

enum class errc {
  store_failed = 1,  ///< the key database refused a read or a write; its log says why
  damaged,           ///< a stored key doesn't open under the key that wrapped it
  unknown_account,   ///< no key of that account
  read_only,         ///< opened for reading
  erase_unfinished,  ///< old files of the key database could not be removed yet; repeating the call goes on
  sealed_truncated,  ///< a sealed file ends before its last chunk
  sealed_damaged,    ///< a sealed file's chunk was changed, moved or sealed under another key
  topic_behind,      ///< whether another node has made or destroyed the key could not be learnt in time
  in_doubt,          ///< an earlier write under this name may have reached the cluster's keys
  shared,            ///< not while the keys are a cluster's
  out_of_date,       ///< the copy wasn't kept up for KeyStoreOptions::copy_good_for
  contradiction,     ///< the topic's cluster or account keys are others than those here
};

const boost::system::error_category& keys_category();
inline boost::system::error_code make_error_code(errc e) {
  return {static_cast<int>(e), keys_category()};
}

/// Text for the operator; the program can't start.
class StartError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace countersign::keys

template <>
struct boost::system::is_error_code_enum<countersign::keys::errc> : std::true_type {};
