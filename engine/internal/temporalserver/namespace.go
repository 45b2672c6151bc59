package temporalserver

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	persistencespb "go.temporal.io/server/api/persistence/v1"
	"go.temporal.io/server/common"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/common/persistence/serialization"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/common/resolver"
	"google.golang.org/protobuf/types/known/durationpb"
)

// addNamespace writes the namespace, where it is missing, before the server starts, since the server reads all of them then.
// One that is registered later is unknown to its services until they look again, seconds later; they ask PostgreSQL for it
// meanwhile, take a PostgreSQL that is away for a namespace that was deleted, and throw the namespace's tasks away: its
// workflows stand still for ever.
func addNamespace(ctx context.Context, options Options) error {
	quiet, serializer := log.NewNoopLogger(), serialization.NewSerializer()
	factory := sql.NewFactory(
		*options.sql(Database, 1), resolver.NewNoopResolver(), clusterName, quiet, metrics.NoopMetricsHandler, serializer)
	defer factory.Close()
	store, err := factory.NewMetadataStore()
	if err != nil {
		return fmt.Errorf("open Temporal's namespaces: %w", err)
	}
	_, err = persistence.NewMetadataManagerImpl(store, serializer, quiet, clusterName).CreateNamespace(ctx,
		&persistence.CreateNamespaceRequest{Namespace: &persistencespb.NamespaceDetail{
			Info: &persistencespb.NamespaceInfo{
				Id: primitives.NewUUID().String(), Name: options.Namespace, State: enums.NAMESPACE_STATE_REGISTERED,
			},
			Config: &persistencespb.NamespaceConfig{
				Retention:            durationpb.New(options.Retention),
				HistoryArchivalState: enums.ARCHIVAL_STATE_DISABLED, VisibilityArchivalState: enums.ARCHIVAL_STATE_DISABLED,
			},
			ReplicationConfig: &persistencespb.NamespaceReplicationConfig{
				ActiveClusterName: clusterName, Clusters: []string{clusterName}, State: enums.REPLICATION_STATE_NORMAL,
			},
			FailoverVersion: common.EmptyVersion,
		}})
	if errors.As(err, new(*serviceerror.NamespaceAlreadyExists)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write Temporal's namespace: %w", err)
	}
	return nil
}
