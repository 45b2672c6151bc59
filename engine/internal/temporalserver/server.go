// Package temporalserver runs a whole Temporal server in this process, on PostgreSQL, on loopback.
package temporalserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/membership/static"
	"go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/primitives"
	"go.temporal.io/server/temporal"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/holdfast-itsm/holdfast/engine/internal/certificates"
	"github.com/holdfast-itsm/holdfast/engine/internal/ports"
)

const (
	loopback = "127.0.0.1"
	// shards is fixed for the life of the data: four are plenty for one machine.
	shards = 4
	// clusterName is what Temporal calls this server among others, of which there are none.
	clusterName = "active"
	// User owns the databases.
	User = "temporal"
	// Database and Visibility hold executions and the list of them.
	Database   = "temporal"
	Visibility = "temporal_visibility"

	readyTime = 60 * time.Second

	// connectionLife is short, since Temporal has no other way to close connections that are idle: each is a process.
	connectionLife = time.Minute
)

// Options say how the server runs.
type Options struct {
	PostgresPort int
	Password     string // of User
	Port         int    // of the front end
	Namespace    string
	Retention    time.Duration // of closed executions
	LogLevel     string
	Authority    *certificates.Authority // of the front end's clients
}

// Server is a running Temporal server.
type Server struct {
	Address string
	server  temporal.Server
}

// Start starts the server on prepared databases and returns when the namespace answers.
func Start(ctx context.Context, options Options) (*Server, error) {
	if err := addNamespace(ctx, options); err != nil {
		return nil, err
	}
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: options.LogLevel, Format: "console"}))
	internal, err := ports.Free(3, options.Port)
	if err != nil {
		return nil, fmt.Errorf("find ports for Temporal's services: %w", err)
	}
	numbers := append([]int{options.Port}, internal...)
	settings := configuration(options, numbers)
	authorizer, err := authorization.GetAuthorizerFromConfig(&settings.Global.Authorization)
	if err != nil {
		return nil, fmt.Errorf("configure Temporal: %w", err)
	}
	hosts := map[primitives.ServiceName]static.Hosts{}
	for i, service := range services {
		hosts[service] = static.SingleLocalHost(ports.Address(numbers[i]))
	}
	guarded, err := guard(options.Authority)
	if err != nil {
		return nil, fmt.Errorf("make Temporal's certificates: %w", err)
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(settings),
		temporal.WithTLSConfigFactory(guarded),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(hosts),
		temporal.WithLogger(logger),
		temporal.WithAuthorizer(authorizer),
		temporal.WithDynamicConfigClient(tuning()),
	)
	if err != nil {
		return nil, fmt.Errorf("build the Temporal server: %w", err)
	}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("start the Temporal server: %w", err)
	}
	s := &Server{Address: ports.Address(options.Port), server: server}
	if err := s.ready(ctx, options, guarded.frontend.client); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// Stop ends the server's services.
func (s *Server) Stop() error {
	if err := s.server.Stop(); err != nil {
		return fmt.Errorf("stop the Temporal server: %w", err)
	}
	return nil
}

// services in the order of their ports.
var services = []primitives.ServiceName{
	primitives.FrontendService, primitives.HistoryService, primitives.MatchingService, primitives.WorkerService,
}

func configuration(options Options, numbers []int) *config.Config {
	const disabled, store, visibility = "disabled", "executions", "visibility"
	settings := &config.Config{
		Persistence: config.Persistence{
			DefaultStore: store, VisibilityStore: visibility, NumHistoryShards: shards,
			DataStores: map[string]config.DataStore{
				store:      {SQL: options.sql(Database, 20)},
				visibility: {SQL: options.sql(Visibility, 10)},
			},
		},
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10, MasterClusterName: clusterName, CurrentClusterName: clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: ports.Address(numbers[0])},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Archival: config.Archival{
			History: config.HistoryArchival{State: disabled}, Visibility: config.VisibilityArchival{State: disabled},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: disabled},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: disabled},
		}},
		PublicClient: config.PublicClient{HostPort: ports.Address(numbers[0])},
		Services:     map[string]config.Service{},
	}
	settings.Global.Membership = config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: loopback}
	for i, service := range services {
		settings.Services[string(service)] = config.Service{RPC: config.RPC{GRPCPort: numbers[i], BindOnIP: loopback}}
	}
	return settings
}

func (o Options) sql(database string, connections int) *config.SQL {
	return &config.SQL{
		PluginName: postgresql.PluginNamePGX, DatabaseName: database, User: User, Password: o.Password,
		ConnectAddr: ports.Address(o.PostgresPort), ConnectProtocol: "tcp",
		MaxConns: connections, MaxIdleConns: connections, MaxConnLifetime: connectionLife,
	}
}

// url is a database's address, for what is done before Temporal runs.
func (o Options) url(database string) string {
	address := url.URL{
		Scheme: "postgres", User: url.UserPassword(User, o.Password), Host: ports.Address(o.PostgresPort), Path: database,
		RawQuery: "sslmode=disable",
	}
	return address.String()
}

// tuning lifts limits that protect shared clusters from one tenant; here is one tenant.
func tuning() dynamicconfig.Client {
	const plenty = 100_000
	client := dynamicconfig.StaticClient{
		dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true, // else a new namespace's are missing for a while
		dynamicconfig.EnableEagerWorkflowStart.Key():                true,
		dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():      1,
		dynamicconfig.MatchingNumTaskqueueWritePartitions.Key():     1,
		dynamicconfig.MaxBufferedQueryCount.Key():                   100, // else a second question to a process at work is refused, schedules included
	}
	for _, key := range []dynamicconfig.Key{
		dynamicconfig.FrontendRPS.Key(), dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key(),
		dynamicconfig.FrontendMaxNamespaceBurstRatioPerInstance.Key(), dynamicconfig.FrontendPersistenceMaxQPS.Key(),
		dynamicconfig.HistoryRPS.Key(), dynamicconfig.HistoryPersistenceMaxQPS.Key(),
		dynamicconfig.MatchingRPS.Key(), dynamicconfig.MatchingPersistenceMaxQPS.Key(),
	} {
		client[key] = plenty
	}
	client[dynamicconfig.FrontendMaxNamespaceBurstRatioPerInstance.Key()] = 1.0
	return client
}

// ready waits until the server answers questions about the namespace's workflows.
func (s *Server) ready(ctx context.Context, options Options, secured *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	connection, err := grpc.NewClient(s.Address, grpc.WithTransportCredentials(credentials.NewTLS(secured)))
	if err != nil {
		return fmt.Errorf("connect to the Temporal server: %w", err)
	}
	defer connection.Close()
	client := workflowservice.NewWorkflowServiceClient(connection)
	for {
		_, err = client.CountWorkflowExecutions(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: options.Namespace})
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the Temporal server does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
