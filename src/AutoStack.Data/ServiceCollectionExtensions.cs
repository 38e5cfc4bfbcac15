using System.Diagnostics.CodeAnalysis;
using AutoStack.Data;
using AutoStack.Data.Accounts;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers AutoStack.Data.</summary>
public static partial class AutoStackDataServiceCollectionExtensions
{
    // The key of the unkeyed registration; no host can use this key.
    internal static readonly object DefaultKey = typeof(Database);

    /// <summary>Registers every repository and <see cref="IUnitOfWork"/> as singletons over a pool of their own.</summary>
    /// <param name="services">The services.</param>
    /// <param name="connectionString">An Npgsql connection string, or a URI.</param>
    /// <param name="configure">Sets further options; null for none.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException">AutoStack.Data is already registered.</exception>
    public static IServiceCollection AddAutoStackData(
        this IServiceCollection services, string connectionString, Action<AutoStackDataOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        return services.AddAutoStackData(Connecting(connectionString, configure));
    }

    /// <summary>Registers every repository and <see cref="IUnitOfWork"/> as singletons over a pool of their own.</summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">
    /// Sets the options. The host checks the options at its start; without a host they are checked at the first use.
    /// </param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException">AutoStack.Data is already registered.</exception>
    public static IServiceCollection AddAutoStackData(this IServiceCollection services, Action<AutoStackDataOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return services.Register(key: null, dataSource: null, options => options.Configure(configure));
    }

    /// <summary>
    /// Registers every repository and <see cref="IUnitOfWork"/> as singletons over a pool of their own, with the options of a section of
    /// the configuration. A setting that is not an option is an error, which names it.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section, for example <c>configuration.GetSection("AutoStackData")</c>.</param>
    /// <param name="configure">Sets options after the section; null for none.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException">AutoStack.Data is already registered.</exception>
    [RequiresDynamicCode("The configuration is bound by reflection.")]
    [RequiresUnreferencedCode("The configuration is bound by reflection.")]
    public static IServiceCollection AddAutoStackData(
        this IServiceCollection services, IConfigurationSection section, Action<AutoStackDataOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(section);
        return services.Register(key: null, dataSource: null, options => Bind(options, section, configure));
    }

    /// <summary>
    /// Registers every repository and <see cref="IUnitOfWork"/> as singletons over a data source that the host owns and
    /// disposes.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="dataSource">The data source; the library changes neither its pool settings nor its session time zone.</param>
    /// <param name="configure">Sets the options, without those of the connection; null for the defaults.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException">AutoStack.Data is already registered.</exception>
    public static IServiceCollection AddAutoStackData(
        this IServiceCollection services, NpgsqlDataSource dataSource, Action<AutoStackDataOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        return services.AddAutoStackData(_ => dataSource, configure);
    }

    /// <summary>
    /// Registers every repository and <see cref="IUnitOfWork"/> as singletons over a data source of the container, which the host owns and
    /// disposes: <c>AddAutoStackData(provider =&gt; provider.GetRequiredService&lt;NpgsqlDataSource&gt;())</c>.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="dataSource">
    /// Returns the data source, once, at the first use; the library changes neither its pool settings nor its session time zone.
    /// </param>
    /// <param name="configure">Sets the options, without those of the connection; null for the defaults.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException">AutoStack.Data is already registered.</exception>
    public static IServiceCollection AddAutoStackData(
        this IServiceCollection services, Func<IServiceProvider, NpgsqlDataSource> dataSource,
        Action<AutoStackDataOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        return services.Register(key: null, dataSource, options => options.Configure(configure ?? (_ => { })));
    }

    /// <summary>
    /// Registers what serves the platform's own work, beside what <c>AddAutoStackData</c> registers for the requests of users: the queue
    /// and the lifecycle of deployments, the log writer, webhooks, sweeps, retention, the rotation of secrets. Each of them reaches the
    /// rows of every user, so that a process which only answers users leaves it out.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException"><c>AddAutoStackData</c> was not called before.</exception>
    public static IServiceCollection AddAutoStackDataWorkers(this IServiceCollection services) => services.RegisterWorkers(key: null);

    /// <summary>
    /// Registers what serves the platform's own work, for a database that <c>AddKeyedAutoStackData</c> registered under a key.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException"><c>AddKeyedAutoStackData</c> was not called before with this key.</exception>
    public static IServiceCollection AddKeyedAutoStackDataWorkers(this IServiceCollection services, object key)
    {
        ArgumentNullException.ThrowIfNull(key);
        return services.RegisterWorkers(key);
    }

    private static Action<AutoStackDataOptions> Connecting(string connectionString, Action<AutoStackDataOptions>? configure) => options =>
    {
        options.ConnectionString = connectionString;
        configure?.Invoke(options);
    };

    [RequiresDynamicCode("The configuration is bound by reflection.")]
    [RequiresUnreferencedCode("The configuration is bound by reflection.")]
    private static void Bind(
        OptionsBuilder<AutoStackDataOptions> options, IConfigurationSection section, Action<AutoStackDataOptions>? configure)
    {
        options.Configure(bound => OptionsSection.Bind(section, bound));
        if (configure is not null)
        {
            options.Configure(configure);
        }
    }

    private static IServiceCollection Register(
        this IServiceCollection services, object? key, Func<IServiceProvider, NpgsqlDataSource>? dataSource,
        Action<OptionsBuilder<AutoStackDataOptions>> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        var databaseKey = key ?? DefaultKey;
        if (services.IsRegistered(typeof(Database), databaseKey))
        {
            throw new InvalidOperationException(
                $"AutoStack.Data is already registered{(key is null ? "" : $" under the key '{key}'")}. " +
                "Register a second database under a key of its own: AddKeyedAutoStackData.");
        }

        // Two keys with the same text are different keys.
        var name = key is null ? Options.Options.DefaultName : $"AutoStack.Data:{key}:{Guid.NewGuid():N}";
        configure(services.AddOptions<AutoStackDataOptions>(name).ValidateOnStart());
        services.AddSingleton<IValidateOptions<AutoStackDataOptions>>(new Validator(name, needsConnectionString: dataSource is null));
        services.TryAddSingleton(TimeProvider.System);
        services.AddOptions<PasswordHasherOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<PasswordHasherOptions>, PasswordHasherOptions.Validator>());
        services.TryAddSingleton<IPasswordHasher, PasswordHasher>();

        services.AddKeyedSingleton(databaseKey, (provider, _) => new Database(
            provider.GetRequiredService<IOptionsMonitor<AutoStackDataOptions>>().Get(name),
            dataSource?.Invoke(provider),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance,
            servesWorkers: provider.GetKeyedService<Workers>(databaseKey) is not null));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredKeyedService<Database>(databaseKey).SchemaRequirement);
        return services.Add(Database.RequestInterfaces, key);
    }

    private static IServiceCollection RegisterWorkers(this IServiceCollection services, object? key)
    {
        ArgumentNullException.ThrowIfNull(services);
        var databaseKey = key ?? DefaultKey;
        if (!services.IsRegistered(typeof(Database), databaseKey))
        {
            throw new InvalidOperationException(key is null
                ? "AutoStack.Data is not registered: call AddAutoStackData before AddAutoStackDataWorkers."
                : $"AutoStack.Data is not registered under the key '{key}': " +
                    "call AddKeyedAutoStackData before AddKeyedAutoStackDataWorkers.");
        }

        if (services.IsRegistered(typeof(Workers), databaseKey))
        {
            return services;
        }

        services.AddKeyedSingleton(databaseKey, new Workers());
        return services.Add(Database.WorkerInterfaces, key);
    }

    private static bool IsRegistered(this IServiceCollection services, Type type, object databaseKey) =>
        services.Any(service => service.ServiceType == type && Equals(service.ServiceKey, databaseKey));

    private static IServiceCollection Add(this IServiceCollection services, IEnumerable<Type> interfaces, object? key)
    {
        var databaseKey = key ?? DefaultKey;
        foreach (var type in interfaces)
        {
            services.Add(key is null
                ? ServiceDescriptor.Singleton(type, provider => provider.GetRequiredKeyedService<Database>(databaseKey).Create(type))
                : ServiceDescriptor.KeyedSingleton(
                    type, key, (provider, _) => provider.GetRequiredKeyedService<Database>(databaseKey).Create(type)));
        }

        return services;
    }

    // Registered when the interfaces of workers are.
    private sealed class Workers;

    private sealed class Validator(string name, bool needsConnectionString) : IValidateOptions<AutoStackDataOptions>
    {
        public ValidateOptionsResult Validate(string? optionsName, AutoStackDataOptions options)
        {
            if (optionsName != name)
            {
                return ValidateOptionsResult.Skip;
            }

            try
            {
                options.Validate(needsConnectionString);
                return ValidateOptionsResult.Success;
            }
            catch (OptionsValidationException exception)
            {
                return ValidateOptionsResult.Fail(exception.Failures);
            }
        }
    }
}
