using System.Diagnostics.CodeAnalysis;
using AutoStack.Data;
using Microsoft.Extensions.Configuration;
using Npgsql;

namespace Microsoft.Extensions.DependencyInjection;

/// <content>The forms for a further database, under a key.</content>
public static partial class AutoStackDataServiceCollectionExtensions
{
    /// <summary>
    /// Registers a further database: every repository and <see cref="IUnitOfWork"/> under a key (<c>[FromKeyedServices(key)]</c>).
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="connectionString">An Npgsql connection string, or a URI.</param>
    /// <param name="configure">Sets further options; null for none.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException">The key is already registered.</exception>
    public static IServiceCollection AddKeyedAutoStackData(
        this IServiceCollection services, object key, string connectionString, Action<AutoStackDataOptions>? configure = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(connectionString);
        return services.AddKeyedAutoStackData(key, Connecting(connectionString, configure));
    }

    /// <summary>
    /// Registers a further database: every repository and <see cref="IUnitOfWork"/> under a key (<c>[FromKeyedServices(key)]</c>).
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="configure">Sets the options of this database.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException">The key is already registered.</exception>
    public static IServiceCollection AddKeyedAutoStackData(
        this IServiceCollection services, object key, Action<AutoStackDataOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(configure);
        return services.Register(key, dataSource: null, options => options.Configure(configure));
    }

    /// <summary>
    /// Registers a further database with the options of a section of the configuration: every repository and <see cref="IUnitOfWork"/>
    /// under a key. A setting that is not an option is an error, which names it.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="section">The section.</param>
    /// <param name="configure">Sets options after the section; null for none.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException">The key is already registered.</exception>
    [RequiresDynamicCode("The configuration is bound by reflection.")]
    [RequiresUnreferencedCode("The configuration is bound by reflection.")]
    public static IServiceCollection AddKeyedAutoStackData(
        this IServiceCollection services, object key, IConfigurationSection section, Action<AutoStackDataOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(section);
        return services.Register(key, dataSource: null, options => Bind(options, section, configure));
    }

    /// <summary>
    /// Registers a further database over a data source that the host owns and disposes: every repository and <see cref="IUnitOfWork"/>
    /// under a key.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="dataSource">The data source; the library changes neither its pool settings nor its session time zone.</param>
    /// <param name="configure">Sets the options, without those of the connection; null for the defaults.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException">The key is already registered.</exception>
    public static IServiceCollection AddKeyedAutoStackData(
        this IServiceCollection services, object key, NpgsqlDataSource dataSource, Action<AutoStackDataOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(dataSource);
        return services.AddKeyedAutoStackData(key, _ => dataSource, configure);
    }

    /// <summary>
    /// Registers a further database over a data source of the container, which the host owns and disposes: every repository and
    /// <see cref="IUnitOfWork"/> under a key.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="key">The key.</param>
    /// <param name="dataSource">Returns the data source, once, at the first use.</param>
    /// <param name="configure">Sets the options, without those of the connection; null for the defaults.</param>
    /// <returns>The services.</returns>
    /// <exception cref="InvalidOperationException">The key is already registered.</exception>
    public static IServiceCollection AddKeyedAutoStackData(
        this IServiceCollection services, object key, Func<IServiceProvider, NpgsqlDataSource> dataSource,
        Action<AutoStackDataOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentNullException.ThrowIfNull(dataSource);
        return services.Register(key, dataSource, options => options.Configure(configure ?? (_ => { })));
    }
}
