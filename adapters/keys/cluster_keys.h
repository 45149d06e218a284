#pragma once
// The keys that a cluster begins with, in the topic of its keys: fresh ones, or those of an installation that was on
// one node. The format's row comes last; a topic without it was left unfinished.
//
// Errors: StartError with a text for the operator. After one the topic may hold some rows: it has to be made anew.

#include <span>
#include <vector>

#include "adapters/keys/key_store.h"
#include "bus/shared_table.h"
#include "domain/ids.h"

namespace countersign::keys {

/// Rows of fresh cluster keys, wrapped by this master key.
std::vector<bus::TableRow> fresh_cluster_rows(const MasterKey& master);

/// Writes fresh cluster keys and a key of each of these accounts to an empty topic.
void make_cluster_keys(const MasterKey& master, bus::SharedTable& topic, std::span<const domain::AccountId> accounts);

/// Writes all keys of a store to an empty topic. The store is a copy of the topic then: it can be opened with it
/// afterwards, and for writing no longer without it. Nobody else may use it meanwhile.
void move_keys(KeyStore& store, bus::SharedTable& topic);

/// The rows of the cluster keys as they stand in the topic: check, look-up, log. `copied`: the topic held keys before.
std::vector<bus::TableRow> cluster_rows_of(bus::SharedTable& topic, bool copied);

}  // namespace countersign::keys
